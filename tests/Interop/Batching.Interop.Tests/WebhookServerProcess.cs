using System.Globalization;

namespace Batching.Interop.Tests;

/// <summary>The gateway, which may send messages to a few ports of this machine.</summary>
public sealed class WebhookServerProcess : ServerProcess
{
    /// <summary>The ports, one for each receiver.</summary>
    public IReadOnlyList<string> Ports { get; } =
        [.. Enumerable.Range(0, 3).Select(_ => FreePort.Find().ToString(CultureInfo.InvariantCulture))];

    protected override IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>(
        Ports.Select((port, i) => new KeyValuePair<string, string>(
            string.Create(CultureInfo.InvariantCulture, $"Batch__Webhooks__AllowedHosts__{i}"), $"http://127.0.0.1:{port}")))
    {
        ["Batch__Webhooks__AllowPrivateAddresses"] = "true",
        ["Batch__Webhooks__RetryDelay"] = "00:00:00.100",
    };
}
