using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.Engine.Submission;
using Batching.Engine.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf;

namespace Batching.Engine.Tests.Submission;

/// <summary>Batches that are submitted as a whole, and stored bit by bit all the same.</summary>
public sealed class StagingTests : IDisposable
{
    // Windows are stored whole: a bit may be larger by one.
    private const int MostBytes = Staging.BitBytes + (128 * 1024);

    private static readonly ByteString Body = ByteString.CopyFrom(new byte[8_000]);

    private readonly TemporaryDirectory _directory = new();
    private readonly List<List<StoreWrite>> _commits = [];

    public void Dispose() => _directory.Dispose();

    // Whoever has a small one waits for no more than a bit of each owner.
    [Fact]
    public async Task SubmitAsync_Large_IsStoredABitAtATime()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream);

        var batches = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => engine.SubmitAsync(Large(600))));

        var commits = Commits;
        Assert.All(commits, commit =>
        {
            var staged = commit.OfType<StoreWrite.Stage>().ToList();
            Assert.True(staged.Count <= 1, $"{staged.Count} bits of one owner in a commit");
            Assert.All(staged, stage => Assert.InRange(Bytes(stage.Windows), Staging.BitBytes, MostBytes));
            Assert.All(commit.OfType<StoreWrite.Accept>(), accept => Assert.InRange(Bytes(accept.Windows), 1, MostBytes));
        });
        Assert.InRange(
            commits.Sum(commit => commit.OfType<StoreWrite.Stage>().Count()),
            3 * ((600 * Body.Length / MostBytes) - 1),
            3 * 600 * Body.Length / Staging.BitBytes);
        foreach (var batch in batches)
        {
            var results = await engine.ResultsAsync(batch.Id);
            Assert.Equal(Enumerable.Range(0, 600), results.Select(result => result.Index).Order());
        }
    }

    // A disk that is always busy with bits makes everybody's commits long.
    [Fact]
    public async Task SubmitAsync_OthersSubmitToo_LeavesThemTheStoreBetweenTwoBits()
    {
        var took = TimeSpan.FromMilliseconds(10);
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream);
        var record = engine.Store.Committed!;
        engine.Store.Committed = writes =>
        {
            record(writes);
            if (writes.Any(write => write is StoreWrite.Stage))
            {
                engine.Time.Advance(took);
            }
        };
        await engine.SubmitAsync(Large(1), EngineHost.Bob);

        var large = engine.SubmitAsync(Large(600));
        await Eventually.BeTrueAsync(() => engine.Time.Pending.Contains(2 * took), "the rest behind the first bit");
        await engine.SubmitAsync(Large(1), EngineHost.Bob);

        Assert.Single(Commits.SelectMany(commit => commit).OfType<StoreWrite.Stage>());
        await engine.Time.DriveAsync(large, below: TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task SubmitAsync_OthersHaveSubmittedLongAgo_RestsForNobody()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream);
        var record = engine.Store.Committed!;
        engine.Store.Committed = writes =>
        {
            record(writes);
            engine.Time.Advance(TimeSpan.FromMilliseconds(10));
        };
        await engine.SubmitAsync(Large(1), EngineHost.Bob);
        engine.Time.Advance(TimeSpan.FromSeconds(1));

        // The clock stands still: who rests would do so for ever.
        await engine.SubmitAsync(Large(600)).WaitAsync(TimeSpan.FromSeconds(30));
    }

    // They are in memory for as long as the store takes.
    [Fact]
    public async Task SubmitAsync_Large_KeepsNoBodyBesideItsWindows()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream);
        var requests = Large(600);
        var kept = new List<int>();
        engine.Store.Committed = writes =>
        {
            if (writes.Any(write => write is StoreWrite.Stage))
            {
                kept.Add(requests.Count(request => request.Body.Length > 0));
            }
        };

        await engine.SubmitAsync(requests);

        Assert.NotEmpty(kept);
        Assert.All(kept, count => Assert.Equal(0, count));
    }

    [Fact]
    public async Task SubmitAsync_NoLargerThanABit_IsStoredByItsAcceptanceAlone()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream);

        await engine.SubmitAsync(Large(Staging.BitBytes / Body.Length / 2));

        Assert.DoesNotContain(Commits.SelectMany(commit => commit), write => write is StoreWrite.Stage);
    }

    [Fact]
    public async Task SubmitAsync_StoreFailsInTheMiddle_IsRefusedAndNothingIsKept()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream);
        engine.ErrorsAreExpected = true;
        var record = engine.Store.Committed!;
        engine.Store.Committed = writes =>
        {
            record(writes);
            engine.Store.WritesFail |= writes.Any(write => write is StoreWrite.Stage);
        };

        await Assert.ThrowsAsync<StoreUnavailableException>(() => engine.SubmitAsync(Large(600)));
        engine.Store.Committed = record;
        engine.Store.WritesFail = false;
        await Eventually.BeTrueAsync(
            () =>
            {
                engine.Time.Advance(TimeSpan.FromSeconds(1));
                return Commits.SelectMany(commit => commit).Any(write => write is StoreWrite.Delete);
            },
            "the deletion of what was staged");

        var staged = Commits.SelectMany(commit => commit).OfType<StoreWrite.Stage>();
        Assert.Equal(
            Assert.Single(staged).BatchKey,
            Assert.Single(Commits.SelectMany(commit => commit).OfType<StoreWrite.Delete>()).BatchKey);
        Assert.Empty(upstream.Requests);
        Assert.Empty(await engine.Store.ListUnfinishedAsync(0, 10, CancellationToken.None));
    }

    private List<List<StoreWrite>> Commits
    {
        get
        {
            lock (_commits)
            {
                return [.. _commits];
            }
        }
    }

    private static long Bytes(IEnumerable<RequestWindow> windows) => windows.Sum(window => (long)window.Data.Length);

    private static Request[] Large(int count) =>
        [.. Enumerable.Range(0, count).Select(i => new Request { Path = $"/large/{i}", Method = "PUT", Body = Body })];

    private Task<EngineHost> StartAsync(TestApi upstream) => EngineHost.StartAsync(
        _directory,
        EngineHost.Upstream(upstream.Url),
        prepare: engine => engine.Store.Committed = writes =>
        {
            lock (_commits)
            {
                _commits.Add([.. writes]);
            }
        });
}
