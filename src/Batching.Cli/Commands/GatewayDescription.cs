using System.Globalization;
using Batching.Client;
using Grpc.Core;

namespace Batching.Cli.Commands;

/// <summary>Says what a gateway tells about itself.</summary>
internal static class GatewayDescription
{
    /// <summary>Asks, and says it in lines of a name, a sentence, and what it is made of.</summary>
    public static async Task<IReadOnlyList<(string Name, string Text, IReadOnlyCollection<KeyValuePair<string, string>> Details)>> AskAsync(
        BatchClient client, CancellationToken cancellationToken)
    {
        try
        {
            var gateway = await client.GetGatewayAsync(cancellationToken);
            var limits = gateway.Limits.ToDictionary(limit => limit.Name, limit => limit.Value, StringComparer.Ordinal);
            KeyValuePair<string, string>[] paths =
                [.. gateway.Dialects.Select(dialect => KeyValuePair.Create(dialect.Name, dialect.Path))];
            return
            [
                ("speaks", $"{(gateway.Version.Length > 0 ? $"Version {gateway.Version}. " : "")}{Join(paths.Select(one => $"{one.Key} at {one.Value}"))}.", paths),
                ("apis", $"Paths lead to an API if they begin with {Join(gateway.Upstreams.Select(upstream => upstream.Prefix))}.", [
                    .. gateway.Upstreams.Select((upstream, i) => KeyValuePair.Create(
                        i.ToString(CultureInfo.InvariantCulture), upstream.Prefix))]),
                ("limits", Summarize(limits), limits),
            ];
        }
        catch (BatchException exception)
        {
            return
            [
                ("limits", exception.StatusCode switch
                {
                    StatusCode.Unimplemented => "The gateway tells nobody its limits and the paths of its APIs; a refusal names its limit.",
                    StatusCode.PermissionDenied => "The gateway tells its limits and the paths of its APIs only to callers with a credential.",
                    _ => $"The gateway did not tell its limits: {exception.Message}",
                }, []),
            ];
        }
    }

    // Those that most callers meet first.
    private static string Summarize(Dictionary<string, string> limits)
    {
        var found = new List<string>();
        Add("Limits", "RequestsPerBatch", value => $"{Number(value)} requests in a batch");
        Add("Limits", "RequestsPerUpload", value => $"{Number(value)} in an upload");
        Add("Keyed", "Calls", value => $"{Number(value)} calls in a keyed batch");
        Add("Limits", "ResponseBytes", value => $"{Number(value)} bytes in a response");
        Add("Retention", "Responses", value => $"responses are kept for {value}");
        return found.Count > 0 ? $"{string.Join(", ", found)}. --limits lists all." : "The gateway tells no limits.";

        void Add(string section, string name, Func<string, string> say)
        {
            if (limits.TryGetValue($"Batch:{section}:{name}", out var value))
            {
                found.Add(say(value));
            }
        }
    }

    private static string Number(string value) =>
        long.TryParse(value, CultureInfo.InvariantCulture, out var number) ? number.ToString("N0", CultureInfo.InvariantCulture) : value;

    private static string Join(IEnumerable<string> parts) => string.Join(", ", parts);
}
