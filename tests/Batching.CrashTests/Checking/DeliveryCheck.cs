using Batching.CrashTests.History;

namespace Batching.CrashTests.Checking;

/// <summary>Results are delivered in order, unchanged, in pages of a bounded size, and none is taken for received that was not.</summary>
internal static class DeliveryCheck
{
    private const long PageBytes = 2 * 1024 * 1024;

    public static IEnumerable<Violation> Check(CheckedBatch batch) =>
    [
        .. CheckPositions(batch),
        .. CheckContent(batch),
        .. CheckPages(batch),
        .. CheckReceived(batch),
        .. CheckDisjoint(batch),
    ];

    private static IEnumerable<Violation> CheckPositions(CheckedBatch batch)
    {
        var replies = batch.Replies.Where(reply => reply.Results.Count > 0);
        if (batch.Final is { Results.Count: > 0 } final)
        {
            replies = replies.Append(new Reply(batch.Id, ReplyForm.FetchAfter, 0, true, -1, final.Results));
        }

        foreach (var reply in replies)
        {
            var positions = reply.Results.Select(result => result.Position).ToList();
            var first = reply.After + 1 ?? positions[0];
            if (!positions.Select((position, index) => position == first + index).All(isNext => isNext))
            {
                yield return new Violation(
                    ViolationKind.PositionGap,
                    $"{batch} has in one {reply.Form} behind {reply.After} the positions {string.Join(", ", positions)}");
            }
        }
    }

    private static IEnumerable<Violation> CheckContent(CheckedBatch batch)
    {
        var results = batch.Replies.SelectMany(reply => reply.Results).Concat(batch.Final?.Results ?? []);
        foreach (var position in results.GroupBy(result => result.Position))
        {
            var first = position.First();
            if (position.FirstOrDefault(result => !result.IsSameAs(first)) is { } other)
            {
                yield return new Violation(
                    ViolationKind.ResultChanged, $"{batch} has had at position {position.Key} {first}, and {other}");
            }
        }

        foreach (var request in results.GroupBy(result => result.RequestId))
        {
            var positions = request.Select(result => result.Position).Distinct().ToList();
            if (positions.Count > 1)
            {
                yield return new Violation(
                    ViolationKind.TwoResults,
                    $"{batch} has had {request.First().Token} at the positions {string.Join(", ", positions)}");
            }
        }
    }

    private static IEnumerable<Violation> CheckPages(CheckedBatch batch) => batch.Replies
        .Where(reply => reply.Form != ReplyForm.Stream
            && reply.Results.Count > 1
            && BytesOf(reply) > PageBytes)
        .Select(reply => new Violation(
            ViolationKind.PageTooLarge,
            $"{batch} has a page of {reply.Results.Count} results and {BytesOf(reply)} bytes"));

    private static IEnumerable<Violation> CheckReceived(CheckedBatch batch)
    {
        if (!batch.IsDrained || batch.Final is null)
        {
            yield break;
        }

        // Whoever names a position has everything up to it, whether or not the reply has come.
        var named = batch.Replies.Max(reply => reply.After) ?? 0;
        var carried = batch.Replies
            .Where(reply => reply.IsComplete)
            .SelectMany(reply => reply.Results)
            .Select(result => result.Position)
            .ToHashSet();
        var lost = batch.Final.Results
            .Select(result => result.Position)
            .Where(position => position > named && !carried.Contains(position))
            .ToList();
        if (lost.Count > 0)
        {
            yield return new Violation(
                ViolationKind.LostDelivery,
                $"{batch} was fetched until nothing was left, and no complete reply carried the positions "
                + string.Join(", ", lost));
        }
    }

    private static IEnumerable<Violation> CheckDisjoint(CheckedBatch batch) => batch.Replies
        .Where(reply => reply is { Form: ReplyForm.Fetch, IsComplete: true })
        .SelectMany(reply => reply.Results.Select(result => (reply.Incarnation, result.Position)))
        .GroupBy(one => one)
        .Where(group => group.Count() > 1)
        .Select(group => new Violation(
            ViolationKind.DeliveredTwice,
            $"{batch}: server {group.Key.Incarnation} has given position {group.Key.Position} {group.Count()} times"));

    // Bodies that are left out take no room.
    private static long BytesOf(Reply reply) =>
        reply.Results.Where(result => !result.IsBodyOmitted).Sum(result => result.Size);
}
