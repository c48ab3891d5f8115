namespace Batching.Cli.Input;

/// <summary>Calls can't be read.</summary>
/// <param name="problems">What is wrong with them: as many as are named.</param>
internal sealed class InputException(IReadOnlyList<InputProblem> problems) : Exception(string.Join('\n', problems))
{
    public IReadOnlyList<InputProblem> Problems { get; } = problems;
}
