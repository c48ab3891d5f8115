using System.Net;
using Batching.Engine.Configuration;
using Batching.Engine.Content;
using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.V1;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Webhooks;

/// <summary>Decides which receivers messages may be sent to. Thread-safe.</summary>
internal sealed class ReceiverRules(IBatchStore store, IOptions<BatchEngineOptions> options)
{
    private const string UrlField = "notify.url";
    private const string EventsField = "notify.events";

    // What waits is sent soon, or waits for its receiver much longer than this.
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMinutes(1);

    private static readonly string AllowedHostsKey = OptionKey.Of<WebhookOptions>(nameof(WebhookOptions.AllowedHosts));

    private readonly WebhookOptions _options = options.Value.Webhooks;
    private readonly IReadOnlyList<AllowedReceiver> _allowed =
    [
        .. options.Value.Webhooks.AllowedHosts.Select(
            entry => AllowedReceiver.TryParse(entry, out var receiver) ? receiver : null).OfType<AllowedReceiver>(),
    ];

    /// <summary>The reason why a URL may not be called; null if it may be.</summary>
    public string? FindRefusal(Uri url) =>
        !_allowed.Any(receiver => receiver.Matches(url))
            ? $"must lead to a host that the operator has allowed ({AllowedHostsKey})"
            : !_options.AllowPrivateAddresses && IPAddress.TryParse(url.IdnHost, out var address) && !PublicAddresses.Contains(address)
                ? $"must not lead to the private address {address} ({PublicAddresses.OptionName})"
                : null;

    /// <summary>Reads the wish of an owner to be told of a batch.</summary>
    /// <param name="owner">Who submits the batch.</param>
    /// <param name="notify">The wish; null if there is none.</param>
    /// <param name="problems">Gets what is wrong with it.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>What is to be stored of it, or why the batch is refused; neither if there is none, or it is wrong.</returns>
    public async ValueTask<(WebhookTarget? Target, Refusal? Refusal)> ReadAsync(
        string owner, Notify? notify, List<Problem> problems, CancellationToken cancellationToken)
    {
        if (notify is null)
        {
            return default;
        }

        var count = problems.Count;
        var events = ReadEvents(notify, problems);
        if (FindProblem(notify.Url) is { } problem)
        {
            problems.Add(new Problem(UrlField, problem));
        }

        if (problems.Count > count)
        {
            return default;
        }

        var limit = _options.WaitingPerOwner;
        return await store.Webhooks.CountWaitingMessagesAsync(owner, limit, cancellationToken) < limit
            ? (new WebhookTarget(notify.Url, events), null)
            : (null, new Refusal.Exhausted(
                OptionKey.Of<WebhookOptions>(nameof(WebhookOptions.WaitingPerOwner)),
                limit,
                RetryAfter,
                $"{limit} messages of webhooks wait to be sent: submit without notify, or mend what does not receive them."));
    }

    private static BatchEvents ReadEvents(Notify notify, List<Problem> problems)
    {
        if (notify.Events.Count > BatchEventNames.All.Count)
        {
            problems.Add(new Problem(EventsField, $"are {notify.Events.Count}; there are {BatchEventNames.All.Count} events"));
            return BatchEvents.None;
        }

        var events = BatchEvents.None;
        for (var i = 0; i < notify.Events.Count; i++)
        {
            var name = notify.Events[i];
            var one = BatchEventNames.Find(name);
            if (one == BatchEvents.None)
            {
                var known = string.Join(", ", BatchEventNames.All.Select(BatchEventNames.NameOf));
                problems.Add(new Problem($"{EventsField}[{i}]", $"must be one of {known}, not {CallerText.Quote(name)}"));
            }
            else if (events.HasFlag(one))
            {
                problems.Add(new Problem($"{EventsField}[{i}]", $"is given twice: {name}"));
            }

            events |= one;
        }

        return notify.Events.Count == 0 ? BatchEvents.Done : events;
    }

    private string? FindProblem(string url) =>
        _allowed.Count == 0 ? $"can't be called: the operator has allowed no host ({AllowedHostsKey})"
        : url.Length == 0 ? "is required"
        : url.Length > _options.UrlLength
            ? $"has {url.Length} characters; the limit is {_options.UrlLength} ({OptionKey.Of<WebhookOptions>(nameof(WebhookOptions.UrlLength))})"
        : url.AsSpan().ContainsAnyExceptInRange('!', '~') || url.Contains('\\', StringComparison.Ordinal)
            ? "must be in ASCII, without blanks, control characters and backslashes"
        : !IsHttp(url) || !Uri.TryCreate(url, UriKind.Absolute, out var parsed) || parsed.IdnHost.Length == 0
            ? "must be an absolute URL that begins with https://"
        : parsed.UserInfo.Length > 0 || AuthorityOf(url).Contains('@', StringComparison.Ordinal) ? "must not have user information"
        : url.Contains('#', StringComparison.Ordinal) ? "must not have a fragment"
        : FindRefusal(parsed);

    private static bool IsHttp(string url) =>
        url.StartsWith("https://", StringComparison.OrdinalIgnoreCase) || url.StartsWith("http://", StringComparison.OrdinalIgnoreCase);

    private static string AuthorityOf(string url)
    {
        var start = url.IndexOf("//", StringComparison.Ordinal) + 2;
        var end = url.AsSpan(start).IndexOfAny("/?#");
        return end < 0 ? url[start..] : url[start..(start + end)];
    }
}
