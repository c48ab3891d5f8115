using Batching.CrashTests.History;
using Batching.CrashTests.Plan;
using Batching.CrashTests.Upstream;

namespace Batching.CrashTests;

/// <summary>
/// A small history in which every promise was kept, to be doctored: one batch with a GET, an unsafe POST, a POST with a
/// key and a spawner of two pages; one kill; everything was fetched in two pages.
/// </summary>
internal static class SoundHistory
{
    public const string BatchId = "1000000000000001";
    public const string Credential = "Bearer one";

    public static DateTimeOffset Begin { get; } = DateTimeOffset.UnixEpoch;

    /// <summary>Its batch.</summary>
    public static BatchPlan Plan { get; } = new()
    {
        Number = 0,
        Owner = 0,
        SubmittedBy = Transport.Grpc,
        ReadBy = Transport.Rest,
        Style = ReaderStyle.Parallel,
        Fate = Fate.Finish,
        FateDelay = TimeSpan.Zero,
        CutAfter = 0,
        Requests =
        [
            NewRequest("b0r0", "GET"),
            NewRequest("b0r1", "POST"),
            NewRequest("b0r2", "POST") with { IdempotencyKey = "key" },
            NewRequest("b0r3", "GET") with { Spawner = SpawnerKind.Cursor, Answer = new AnswerPlan { Pages = 2 } },
        ],
    };

    /// <summary>Its results, in order.</summary>
    public static IReadOnlyList<ResultSeen> Results { get; } =
    [
        NewResult(1, "11", "b0r0", "hash-b0r0"),
        NewResult(2, "12", "b0r1", "hash-b0r1"),
        NewResult(3, "13", "b0r2", "hash-b0r2"),
        NewResult(4, "14", "b0r3", "") with { Size = 2 },
        NewResult(5, "15", "b0r3.1", "hash-b0r3.1"),
        NewResult(6, "16", "b0r3.2", "hash-b0r3.2"),
    ];

    public static CrashHistory Create()
    {
        var history = new CrashHistory();
        history.Credentials.Add(Credential);
        history.Submissions.Add(new Submission(Plan, Begin, BatchId, ["11", "12", "13", "14"]));
        history.Kills.Add(Begin.AddSeconds(1));
        history.Views.Add(new View(BatchId, 5, 1, 10, 20));
        history.Views.Add(new View(BatchId, 6, 0, 30, 40));
        history.Replies.Add(new Reply(BatchId, ReplyForm.Fetch, null, true, 0, [.. Results.Take(4)]));
        history.Replies.Add(new Reply(BatchId, ReplyForm.Fetch, null, true, 1, [.. Results.Skip(4)]));
        history.Drained.Add(BatchId);
        history.Finals.Add(new FinalBatch(BatchId, 0, 6, 0, Results));
        foreach (var (number, token, method, key) in new[]
        {
            (1, "b0r0", "GET", null), (2, "b0r1", "POST", null), (3, "b0r2", "POST", "key"), (4, "b0r2", "POST", "key"),
            (5, "b0r3.1", "GET", null), (6, "b0r3.2", "GET", (string?)null),
        })
        {
            history.Calls.Add(new ReceivedCall(number, token, method, key, Credential, "", Begin));
            history.Answers.Add(new GivenAnswer(number, token, 200, 10, $"hash-{token}", IsCut: false));
        }

        return history;
    }

    private static RequestPlan NewRequest(string token, string method) =>
        new(token, method, $"call/{token}?") { Answer = new AnswerPlan() };

    private static ResultSeen NewResult(int position, string id, string token, string hash) =>
        new(id, token, position, 200, null, 10, hash, Begin.AddSeconds(2));
}
