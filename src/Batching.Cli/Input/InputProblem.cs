namespace Batching.Cli.Input;

/// <summary>Something that is wrong with the calls.</summary>
/// <param name="Place">Where: the file, and the line or the place of the call in it.</param>
/// <param name="Message">What.</param>
internal readonly record struct InputProblem(string Place, string Message)
{
    public override string ToString() => $"{Place}: {Message}";
}
