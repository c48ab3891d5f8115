using Batching.V1;

namespace Batching.Cli.Input;

/// <summary>A call of a file, or what is wrong with it.</summary>
/// <param name="Line">The line on which it begins, or its place in an array; from 1.</param>
/// <param name="Request">The call; null if there is a problem.</param>
/// <param name="Problem">What is wrong with it.</param>
internal readonly record struct ReadCall(int Line, Request? Request, string? Problem)
{
    /// <summary>Reads a call.</summary>
    /// <param name="line">Where it begins.</param>
    /// <param name="read">Reads it.</param>
    public static ReadCall Of(int line, Func<Request> read)
    {
        try
        {
            return new ReadCall(line, read(), null);
        }
        catch (FormatException exception)
        {
            return new ReadCall(line, null, exception.Message);
        }
    }
}
