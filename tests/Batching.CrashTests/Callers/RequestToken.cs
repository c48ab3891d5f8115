using System.Globalization;

namespace Batching.CrashTests.Callers;

/// <summary>Tells from what a reply echoes which request it is about.</summary>
internal static class RequestToken
{
    /// <summary>The token of a request; with the number of the page, if it was spawned.</summary>
    /// <param name="path">The path as it was submitted.</param>
    /// <param name="isPage">Whether it was spawned.</param>
    /// <param name="step">Its cursor or page parameter as text; empty for null.</param>
    public static string Of(string path, bool isPage, string step)
    {
        var begin = path.IndexOf('/', StringComparison.Ordinal) + 1;
        var token = path[begin..path.IndexOf('?', StringComparison.Ordinal)];
        if (!isPage)
        {
            return token;
        }

        var digits = step.TrimStart('p');
        return string.Create(CultureInfo.InvariantCulture, $"{token}.{(digits.Length == 0 ? "1" : digits)}");
    }
}
