using System.Text;
using Batching.Engine.Configuration;
using Batching.Server.Configuration;

namespace Batching.Server.Tests.Configuration;

/// <summary>
/// Makes <c>docs/configuration.md</c> from the options: keys, defaults and ranges from the code, meanings from the summaries.
/// </summary>
internal static class ConfigurationPage
{
    private const string Head =
        """
        <!-- Generated from the options classes. CONTRIBUTING.md says how to change it. -->
        # Configuration

        For operators: every key of the gateway, with its default, its range and its meaning.

        The usual .NET sources apply. The later one wins:

        1. `appsettings.json` beside the program (`--contentRoot=…` names another directory);
        2. environment variables, with two underscores for each colon: `Batch__DataDirectory=/var/lib/batch`;
        3. the command line: `--Batch:DataDirectory=/var/lib/batch`.

        In a key, `N` is the number of an entry in a list: 0, 1, 2 … Times are written `[days.]hours:minutes:seconds`. Sizes are
        numbers of bytes; the unit in brackets only explains them.

        A bad value stops the start with a line that names its key. A key below `Batch` that the gateway does not know stops it
        too, and the line names the nearest key that it knows. The exit code is then 78. It is 71 if the start fails for another
        reason, such as a port that is taken: see [when it does not start](operations.md#when-it-does-not-start).

        The configuration is read at the start. A change of it needs a restart. Only the certificate is read again while the
        gateway runs.

        """;

    private static readonly PageGroup[] Groups =
    [
        new(
            "Memory",
            "What the gateway holds in memory. [Sizing memory](operations.md#sizing-memory) has the sum.",
            IsOfMemory),
        PageGroup.Of(
            "How collections are paged",
            "How the pages of an API's collections follow each other, unless a [spawner](spawners.md) says otherwise. A JSON "
            + "Pointer (RFC 6901) such as `/meta/next` finds a value in a page.",
            "Batch:Upstreams:N:Pagination:"),
        PageGroup.Of(
            "The APIs behind the gateway",
            "Each API has a number. [An API that can't keep up](operations.md#an-api-that-cant-keep-up) explains how the "
            + "gateway chooses how many requests an API gets at a time.",
            "Batch:Upstreams:"),
        PageGroup.Of(
            "Who calls, and how safely",
            "[Security](security.md) says more, and what to do before the gateway is reached from the internet.",
            "Batch:Identity:",
            "Batch:Tls:",
            "Batch:Operations:",
            "Batch:Cors:",
            "Batch:Page",
            "Batch:Disclosure"),
        PageGroup.Of(
            "Header fields and addresses",
            "Which header fields go through: see [what an API sees](concepts.md#what-an-api-sees).",
            "Batch:Headers:",
            "Batch:TrustedProxies:"),
        PageGroup.Of("What callers may ask for", "The message of a refused call names the limit and its key.", "Batch:Limits:"),
        PageGroup.Of("What keyed batches may ask for", "See [keyed batches](concepts.md#keyed-batches).", "Batch:Keyed:"),
        PageGroup.Of(
            "Clients of other batch APIs",
            "Paths for clients that were written for another batch API: [OpenAI's](openai.md), [Anthropic's](anthropic.md) and "
            + "[Graph's](graph.md). They are off unless they are switched on.",
            "Batch:Dialects:"),
        PageGroup.Of(
            "Webhooks",
            "Messages that tell owners of their batches: see [webhooks](webhooks.md#for-operators).",
            "Batch:Webhooks:"),
        PageGroup.Of(
            "What one owner may use",
            "Beyond a [quota](operations.md#quotas) calls are refused with `RESOURCE_EXHAUSTED`, over REST with 429 and "
            + "`Retry-After`. The message names the quota.",
            "Batch:Quotas:"),
        PageGroup.Of(
            "A store for several gateways",
            "[Several gateways](scale-out.md) on one PostgreSQL database.",
            "Batch:Store:"),
        new("The gateway itself", "", static _ => true)
        {
            Others =
            [
                [
                    "ASPNETCORE_URLS` or `--urls", "`http://localhost:8080`; with `Batch:Tls` `https://localhost:8080`", "",
                    "Addresses at which to listen, for REST and gRPC alike, separated by semicolons.",
                ],
                [
                    "AllowedHosts", "see the meaning", "",
                    "Names by which the gateway may be called (`Host`, `:authority`), such as `api.example.com;*.example.com`; "
                    + "`*` for all. Calls by other names get 400. Unset: if the gateway listens on loopback addresses only, the "
                    + "names of this machine (`localhost`, `*.localhost`, `127.0.0.1`, `[::1]`); else all.",
                ],
            ],
        },
    ];

    // The order of the page, which is not the order in which groups take their keys.
    private static readonly string[] Order =
    [
        "The gateway itself",
        "A store for several gateways",
        "The APIs behind the gateway",
        "How collections are paged",
        "Who calls, and how safely",
        "Header fields and addresses",
        "What callers may ask for",
        "What keyed batches may ask for",
        "Clients of other batch APIs",
        "What one owner may use",
        "Webhooks",
        "Memory",
    ];

    /// <summary>Makes the page.</summary>
    public static string Make()
    {
        var summaries = new OptionSummaries();
        var keys = KnownKey.All.ToLookup(key => Groups.First(group => group.Holds(key)).Title);
        var page = new StringBuilder(Head.ReplaceLineEndings("\n"));
        foreach (var group in Order.Select(title => Groups.Single(group => group.Title == title)))
        {
            page.Append("\n## ").Append(group.Title).Append("\n\n");
            if (group.Text.Length > 0)
            {
                page.Append(group.Text).Append("\n\n");
            }

            page.Append("| key | default | range | meaning |\n|---|---|---|---|\n");
            foreach (var row in group.Others.Concat(keys[group.Title].Select(key => RowOf(key, summaries))))
            {
                page.Append("| `").Append(row[0]).Append('`');
                foreach (var cell in row.Skip(1))
                {
                    page.Append(" | ").Append(cell);
                }

                page.Append(" |\n");
            }
        }

        return page.Replace("|  |", "| |").ToString();
    }

    private static string[] RowOf(KnownKey key, OptionSummaries summaries) =>
        [key.Path, OptionValues.DefaultOf(key), OptionValues.RangeOf(key), summaries.Find(key.Property)];

    // A budget, or what one owner may have of it.
    private static bool IsOfMemory(KnownKey key)
    {
        var name = key.Property.Name;
        const string Share = "PerOwner";
        var budget = name.EndsWith(Share, StringComparison.Ordinal) ? name[..^Share.Length] : name;
        return key.Property.DeclaringType!.GetProperty(budget) is { } property
            && property.IsDefined(typeof(MemoryBudgetAttribute), inherit: false);
    }
}
