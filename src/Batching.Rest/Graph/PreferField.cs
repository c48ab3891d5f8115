using Microsoft.AspNetCore.Http;

namespace Batching.Rest.Graph;

/// <summary>Reads the header field <c>Prefer</c> (RFC 7240).</summary>
internal static class PreferField
{
    /// <summary>The preference of a client that does not wait for the reply (section 4.1).</summary>
    public const string RespondAsync = "respond-async";

    /// <summary>Whether a call has a preference. Its value and its parameters are not looked at.</summary>
    public static bool Has(HttpRequest request, string name) => request.Headers["Prefer"]
        .GetCommaSeparatedValues()
        .Any(preference => NameOf(preference).Equals(name, StringComparison.OrdinalIgnoreCase));

    // Section 2: preference = token [ BWS "=" BWS word ] *( OWS ";" …)
    private static ReadOnlySpan<char> NameOf(string preference)
    {
        var end = preference.AsSpan().IndexOfAny('=', ';');
        return (end < 0 ? preference : preference.AsSpan(0, end)).Trim();
    }

    private static IEnumerable<string> GetCommaSeparatedValues(this Microsoft.Extensions.Primitives.StringValues values) =>
        values.OfType<string>().SelectMany(value => value.Split(','));
}
