using System.Globalization;
using Batching.Server.Configuration;
using Microsoft.Extensions.Options;

namespace Batching.Server.Security.Browser;

/// <summary>Checks which web pages may call, and names the configuration key of each thing that is wrong.</summary>
internal sealed class BrowserOptionsValidator : IValidateOptions<BrowserOptions>
{
    public ValidateOptionsResult Validate(string? name, BrowserOptions options)
    {
        var problems = new List<string>();
        var origins = options.AllowedOrigins;
        for (var i = 0; i < origins.Count; i++)
        {
            if (origins[i] != "*" && !IsOrigin(origins[i]))
            {
                problems.Add(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{Key("AllowedOrigins")}:{i} must be an origin such as https://app.example.com, without path, or * "
                    + $"for all, not '{origins[i]}'."));
            }
        }

        if (origins.Contains("*") && origins.Count > 1)
        {
            problems.Add($"{Key("AllowedOrigins")}: * is for all origins; there can be no others beside it.");
        }

        if (options.AllowCredentials && origins.Contains("*"))
        {
            problems.Add($"{Key("AllowCredentials")} can't be true for all origins; name those that are meant.");
        }

        problems.AddRange(OptionAnnotations.FindProblems(BrowserOptions.Section, options));
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private static string Key(string name) => $"{BrowserOptions.Section}:{name}";

    // RFC 6454, section 6.2: scheme, host and port, as browsers write them.
    private static bool IsOrigin(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri)
        && string.Equals(text, uri.GetLeftPart(UriPartial.Authority), StringComparison.OrdinalIgnoreCase)
        && uri.UserInfo.Length == 0
        && uri.Host.Length > 0;
}
