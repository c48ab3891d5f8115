using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.Engine.Tests.Infrastructure;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace Batching.Engine.Tests.Storage;

public sealed partial class BatchIdsTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task ReserveAsync_SideBySide_GivesNoNumberTwice()
    {
        await using var store = await EmptyStore.OpenAsync(_directory);
        using var ids = new BatchIds(store);
        await ids.OpenAsync(default);

        // Together they need several blocks.
        var counts = Enumerable.Range(0, 64).Select(i => 1 + (i * 2_999 % 100_000)).ToArray();
        var firsts = await Task.WhenAll(counts.Select(count => Task.Run(() => ids.ReserveAsync(count, default).AsTask())));

        var ranges = firsts.Zip(counts).OrderBy(range => range.First).ToArray();
        Assert.All(
            ranges.Zip(ranges.Skip(1)),
            pair => Assert.True(pair.First.First + pair.First.Second <= pair.Second.First, $"{pair} overlap."));
        Assert.True(ranges[0].First >= 1);
    }

    [Fact]
    public async Task ReserveAsync_MoreThanABlock_GivesThemAll()
    {
        await using var store = await EmptyStore.OpenAsync(_directory);
        using var ids = new BatchIds(store);
        await ids.OpenAsync(default);
        var first = await ids.ReserveAsync(3 << 20, default);
        var next = await ids.ReserveAsync(1, default);
        Assert.True(next >= first + (3 << 20), $"{next} was given twice.");
    }

    [Fact]
    public async Task OpenAsync_AfterARestart_KeepsIdsAndReusesNone()
    {
        long before;
        string id;
        await using (var store = await EmptyStore.OpenAsync(_directory))
        {
            using var ids = new BatchIds(store);
            await ids.OpenAsync(default);
            before = await ids.ReserveAsync(10, default);
            id = ids.OfBatch(before);
        }

        await using (var store = await EmptyStore.OpenAsync(_directory))
        {
            using var ids = new BatchIds(store);
            await ids.OpenAsync(default);
            Assert.True(ids.TryParseBatch(id, out var key));
            Assert.Equal(before, key);
            Assert.True(await ids.ReserveAsync(1, default) >= before + 10);
        }
    }

    [Fact]
    public async Task TryParseRequest_IdsOfTheBatchAndOthers_FindsOnlyItsOwn()
    {
        await using var store = await EmptyStore.OpenAsync(_directory);
        using var ids = new BatchIds(store);
        await ids.OpenAsync(default);
        var batch = EmptyStore.Record(key: 100, total: 5);
        for (var i = 0; i < 5; i++)
        {
            Assert.True(ids.TryParseRequest(ids.OfRequest(batch, i), batch, out var index));
            Assert.Equal(i, index);
        }

        Assert.False(ids.TryParseRequest(ids.OfBatch(100), batch, out _));
        Assert.False(ids.TryParseRequest(ids.OfRequest(batch with { Total = 6, Capacity = 6 }, 5), batch, out _));
        Assert.False(ids.TryParseRequest(ids.OfBatch(99), batch, out _));
        Assert.False(ids.TryParseRequest("nonsense", batch, out _));
    }

    [Fact]
    public async Task OfRequest_NumbersReservedLater_AreFoundAgain()
    {
        await using var store = await EmptyStore.OpenAsync(_directory);
        using var ids = new BatchIds(store);
        await ids.OpenAsync(default);
        var runs = NumberRuns.None.With(500, 2).With(502, 1).With(900, 4);
        var batch = EmptyStore.Record(key: 100, total: 8) with { Capacity = 9, Runs = NumberRuns.Decode(runs.Encode()) };
        long[] numbers = [101, 102, 500, 501, 502, 900, 901, 902];

        for (var i = 0; i < numbers.Length; i++)
        {
            Assert.Equal(ids.OfBatch(numbers[i]), ids.OfRequest(batch, i));
            Assert.True(ids.TryParseRequest(ids.OfRequest(batch, i), batch, out var index));
            Assert.Equal(i, index);
        }

        Assert.All(
            [100L, 103, 499, 503, 899, 903],
            number => Assert.False(ids.TryParseRequest(ids.OfBatch(number), batch, out _)));
    }

    [Fact]
    public async Task BeginScope_Log_CarriesTheIdOfTheBatch()
    {
        await using var store = await EmptyStore.OpenAsync(_directory);
        using var ids = new BatchIds(store);
        await ids.OpenAsync(default);
        var logger = new FakeLogger();
        using (ids.BeginScope(logger, 100))
        {
            LogMissing(logger);
        }

        var scope = Assert.IsAssignableFrom<IReadOnlyList<KeyValuePair<string, object?>>>(
            Assert.Single(logger.LatestRecord.Scopes));
        Assert.Contains(new KeyValuePair<string, object?>("BatchId", ids.OfBatch(100)), scope);
    }

    [Fact]
    public async Task BeginScope_OfARequest_CarriesBothIdsOrThatOfTheBatch()
    {
        await using var store = await EmptyStore.OpenAsync(_directory);
        using var ids = new BatchIds(store);
        await ids.OpenAsync(default);
        var batch = new BatchRecord
        {
            Key = 100,
            Owner = "alice",
            CreateTime = default,
            ExpireTime = default,
            DeleteTime = default,
            Capacity = 3,
            Total = 2,
        };

        Assert.Equal([("BatchId", ids.OfBatch(100)), ("RequestId", ids.OfRequest(batch, 1))], ValuesOf(1));
        Assert.Equal([("BatchId", ids.OfBatch(100))], ValuesOf(-1));
        Assert.Equal([("BatchId", ids.OfBatch(100))], ValuesOf(2));

        IEnumerable<(string Name, string Value)> ValuesOf(int index)
        {
            var logger = new FakeLogger();
            using (ids.BeginScope(logger, batch, index))
            {
                LogMissing(logger);
            }

            return Assert.IsAssignableFrom<IReadOnlyList<KeyValuePair<string, object?>>>(
                    Assert.Single(logger.LatestRecord.Scopes))
                .Where(value => value.Key != "{OriginalFormat}")
                .Select(value => (value.Key, (string)value.Value!));
        }
    }

    [Fact]
    public void OfBatch_BeforeOpen_Throws() =>
        Assert.Throws<InvalidOperationException>(() => new BatchIds(new FaultyStore(null!)).OfBatch(1));

    [LoggerMessage(1, LogLevel.Warning, "Something is missing.")]
    private static partial void LogMissing(ILogger logger);
}
