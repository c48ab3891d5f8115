using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using Batching.Engine.Content;
using Microsoft.Extensions.Options;

namespace Batching.Server.Security.Identity;

/// <summary>Checks how callers are told apart, and names the configuration key of each thing that is wrong.</summary>
internal sealed class IdentityOptionsValidator : IValidateOptions<IdentityOptions>
{
    public ValidateOptionsResult Validate(string? name, IdentityOptions options)
    {
        var problems = new List<string>();
        if (!Enum.IsDefined(options.Mode))
        {
            problems.Add($"{Key("Mode")} must be {string.Join(", ", Enum.GetNames<IdentityMode>())}, not '{options.Mode}'.");
        }

        AddTrustedHeader(problems, options);
        AddApiKeys(problems, options);
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private static string Key(string name) => $"{IdentityOptions.Section}:{name}";

    private static string Key(string name, int index) =>
        string.Create(CultureInfo.InvariantCulture, $"{Key(name)}:{index}");

    private static void AddTrustedHeader(List<string> problems, IdentityOptions options)
    {
        var networks = options.TrustedNetworks;
        if (options.Mode != IdentityMode.TrustedHeader)
        {
            // Whoever lists them believes that callers are checked.
            if (networks.Count > 0)
            {
                problems.Add($"{Key("TrustedNetworks")} is set, but {Key("Mode")} is {options.Mode}.");
            }

            return;
        }

        using var message = new HttpRequestMessage();
        if (!message.Headers.TryAddWithoutValidation(options.Header, ""))
        {
            problems.Add($"{Key("Header")} must be the name of a request header field, not '{options.Header}'.");
        }

        if (networks.Count == 0)
        {
            problems.Add(
                $"{Key("TrustedNetworks")} is not set: give the networks that the proxy calls from, such as 10.1.0.0/16.");
        }

        for (var i = 0; i < networks.Count; i++)
        {
            if (!IPNetwork.TryParse(networks[i], out var network) || network.PrefixLength == 0)
            {
                problems.Add(
                    $"{Key("TrustedNetworks", i)} must be a network such as 10.1.0.0/16 or 10.1.2.3/32, and not all there "
                    + $"are, not '{networks[i]}'.");
            }
        }
    }

    private static void AddApiKeys(List<string> problems, IdentityOptions options)
    {
        var keys = options.ApiKeys;
        if (options.Mode != IdentityMode.ApiKey)
        {
            if (keys.Count > 0)
            {
                problems.Add($"{Key("ApiKeys")} is set, but {Key("Mode")} is {options.Mode}.");
            }

            return;
        }

        if (keys.Count == 0)
        {
            problems.Add($"{Key("ApiKeys")} is not set: give at least one key, with its Owner and Hash.");
        }

        for (var i = 0; i < keys.Count; i++)
        {
            if (string.IsNullOrWhiteSpace(keys[i].Owner))
            {
                problems.Add($"{Key("ApiKeys", i)}:Owner is not set: say whose key it is.");
            }

            // A value that is wrong may be the key itself, which belongs in no message.
            if (keys[i].Hash.Length != 2 * SHA256.HashSizeInBytes || !keys[i].Hash.All(char.IsAsciiHexDigit))
            {
                problems.Add($"{Key("ApiKeys", i)}:Hash must be the key's SHA-256 hash in 64 hexadecimal digits.");
            }

            if (keys[i].Authorization is { } authorization && !HeaderRules.IsFieldValue(authorization))
            {
                problems.Add($"{Key("ApiKeys", i)}:Authorization {HeaderRules.ControlCharacters}.");
            }
        }

        if (keys.Select(key => key.Hash.ToUpperInvariant()).Distinct().Count() < keys.Count)
        {
            problems.Add($"{Key("ApiKeys")}: two keys have the same Hash.");
        }
    }
}
