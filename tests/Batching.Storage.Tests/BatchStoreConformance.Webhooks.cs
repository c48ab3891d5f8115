using Batching.Engine.Model;
using Batching.Engine.Storage;
using static Batching.Storage.Tests.StoreData;

namespace Batching.Storage.Tests;

public abstract partial class BatchStoreConformance
{
    private static readonly WebhookTarget Target =
        new("https://hooks.example.com/batch?x=ü", BatchEvents.Done | BatchEvents.FailedFirst | BatchEvents.Expired);

    private IWebhookStore Webhooks => Store.Webhooks;

    [Fact]
    public async Task Commit_ChangeWithMessage_StoresBothAndSurvivesARestart()
    {
        var batch = Batch(1, total: 1) with { Notify = Target };
        var message = Message(1, BatchEvents.Done);
        await CommitAsync(Accept(batch), Append(batch, Segment(1, 1)) with { Messages = [message] });
        await ReopenAsync();

        Assert.Equal(Target, (await FindAsync(1)).Notify);
        AssertSame(message, Assert.Single(await Webhooks.ListMessagesAsync(1, None)));
        AssertSame(message, Assert.Single(await DueAsync(Start)));
    }

    [Fact]
    public async Task Commit_MessageOfABatchThatIsNotThere_IsIgnored()
    {
        var batch = Batch(1, total: 1);
        await CommitAsync(Accept(batch), new StoreWrite.Delete(1));
        await CommitAsync(
            Append(batch, Segment(1, 1)) with { Messages = [Message(1, BatchEvents.Done)] },
            new StoreWrite.Expire(2) { Messages = [Message(2, BatchEvents.Expired)] });

        Assert.Empty(await DueAsync(Start));
        Assert.Null(await Webhooks.FindNextMessageTimeAsync(DateTimeOffset.UnixEpoch, None));
    }

    [Fact]
    public async Task Commit_MessageThatIsThere_StaysAsItIs()
    {
        await CommitAsync(Accept(Batch(1)), new StoreWrite.Expire(1) { Messages = [Message(1, BatchEvents.Expired)] });
        await CommitAsync(Note(1, BatchEvents.Expired, WebhookState.Delivered));
        await CommitAsync(new StoreWrite.Expire(1) { Messages = [Message(1, BatchEvents.Expired) with { Body = [9] }] });

        var message = Assert.Single(await Webhooks.ListMessagesAsync(1, None));
        Assert.Equal((WebhookState.Delivered, 1), (message.State, message.Attempts));
        Assert.Equal("{}"u8.ToArray(), message.Body);
    }

    [Fact]
    public async Task ListMessagesAsync_SeveralEvents_AreInTheOrderOfTheirNumbers()
    {
        await CommitAsync(
            Accept(Batch(1)),
            Accept(Batch(100_000)),
            new StoreWrite.Expire(1)
            {
                Messages = [Message(1, BatchEvents.Expired), Message(1, BatchEvents.Done), Message(1, BatchEvents.FailedFirst)],
            });

        Assert.Equal(
            [BatchEvents.Done, BatchEvents.FailedFirst, BatchEvents.Expired],
            (await Webhooks.ListMessagesAsync(1, None)).Select(message => message.Event));
        Assert.Empty(await Webhooks.ListMessagesAsync(100_000, None));
    }

    [Fact]
    public async Task NoteAttempt_Failed_WaitsForTheNextTime()
    {
        await CommitAsync(Accept(Batch(1)), new StoreWrite.Expire(1) { Messages = [Message(1, BatchEvents.Expired)] });
        var next = Start.AddMinutes(5);
        await CommitAsync(Note(1, BatchEvents.Expired, WebhookState.Waiting, next));

        Assert.Empty(await DueAsync(next.AddMilliseconds(-1)));
        var message = Assert.Single(await DueAsync(next));
        Assert.Equal(
            (1, new WebhookAttempt(Start.AddSeconds(1), 500, "It failed."), next),
            (message.Attempts, message.LastAttempt, message.NextTime));
        Assert.Equal(next, await Webhooks.FindNextMessageTimeAsync(Start, None));
        Assert.Null(await Webhooks.FindNextMessageTimeAsync(next, None));
    }

    [Theory]
    [InlineData(WebhookState.Delivered)]
    [InlineData(WebhookState.GivenUp)]
    public async Task NoteAttempt_Last_KeepsTheMessageWithItsBatchAndNoLonger(WebhookState state)
    {
        await CommitAsync(Accept(Batch(1)), new StoreWrite.Expire(1) { Messages = [Message(1, BatchEvents.Expired)] });
        await CommitAsync(Note(1, BatchEvents.Expired, state), Note(1, BatchEvents.Done, state), Note(7, BatchEvents.Done, state));

        Assert.Empty(await DueAsync(Start.AddDays(9)));
        Assert.Equal(state, Assert.Single(await Webhooks.ListMessagesAsync(1, None)).State);

        await CommitAsync(new StoreWrite.Delete(1));
        Assert.Empty(await Webhooks.ListMessagesAsync(1, None));
        await CommitAsync(Accept(Batch(1)));
        Assert.Empty(await Webhooks.ListMessagesAsync(1, None));
    }

    [Fact]
    public async Task Delete_MessageStillWaits_KeepsItUntilItsLastAttempt()
    {
        await CommitAsync(Accept(Batch(1)), new StoreWrite.Expire(1) { Messages = [Message(1, BatchEvents.Expired)] });
        await CommitAsync(new StoreWrite.Delete(1));

        Assert.Empty(await Webhooks.ListMessagesAsync(1, None));
        await CommitAsync(new StoreWrite.Resend(1, BatchEvents.Expired, Start.AddDays(1), Start.AddDays(2)));
        AssertSame(Message(1, BatchEvents.Expired), Assert.Single(await DueAsync(Start)));

        await CommitAsync(Note(1, BatchEvents.Expired, WebhookState.Waiting, Start.AddHours(1)));
        Assert.Single(await DueAsync(Start.AddHours(1)));
        await CommitAsync(Note(1, BatchEvents.Expired, WebhookState.GivenUp));
        Assert.Empty(await DueAsync(Start.AddDays(9)));
        await CommitAsync(Accept(Batch(1)));
        Assert.Empty(await Webhooks.ListMessagesAsync(1, None));
    }

    [Fact]
    public async Task Resend_WhateverItsState_WaitsAsIfItWereNew()
    {
        await CommitAsync(Accept(Batch(1)), new StoreWrite.Expire(1) { Messages = [Message(1, BatchEvents.Expired)] });
        await CommitAsync(Note(1, BatchEvents.Expired, WebhookState.GivenUp));
        var (next, end) = (Start.AddHours(3), Start.AddHours(27));
        await CommitAsync(new StoreWrite.Resend(1, BatchEvents.Expired, next, end));

        AssertSame(Message(1, BatchEvents.Expired) with { NextTime = next, EndTime = end }, Assert.Single(await DueAsync(next)));
    }

    [Fact]
    public async Task ListDueMessagesAsync_ManyOfOneLane_DoNotHideTheOthers()
    {
        for (var key = 1; key <= 40; key++)
        {
            var message = Message(key, BatchEvents.Expired) with { NextTime = Start.AddSeconds(-key) };
            await CommitAsync(Accept(Batch(key)), new StoreWrite.Expire(key)
            {
                Messages = [key switch
                {
                    <= 30 => message,
                    <= 35 => message with { Host = "other.example.com" },
                    _ => message with { Owner = "bob" },
                }],
            });
        }

        Assert.Equal([30, 29, 28, 35, 34, 33, 40, 39, 38], await KeysAsync(WebhookLane.First, 3, 100));
        Assert.Equal([30, 29, 28, 35], await KeysAsync(WebhookLane.First, 3, 4));
        Assert.Equal([35, 34, 40, 39], await KeysAsync(new WebhookLane("alice", "hooks.example.com"), 2, 100));
        Assert.Equal([40], await KeysAsync(new WebhookLane("alice", "other.example.com"), 1, 100));
        Assert.Empty(await KeysAsync(new WebhookLane("bob", "hooks.example.com"), 1, 100));
        Assert.Equal(
            (35, 5, 7, 40, 0),
            (await CountAsync("alice", 100), await CountAsync("bob", 100), await CountAsync("alice", 7), await CountAsync(null, 100),
                await CountAsync("carol", 100)));

        async Task<IEnumerable<long>> KeysAsync(WebhookLane after, int perLane, int limit) =>
            (await Webhooks.ListDueMessagesAsync(Start, after, perLane, limit, None)).Select(message => message.BatchKey);

        Task<int> CountAsync(string? owner, int limit) => Webhooks.CountWaitingMessagesAsync(owner, limit, None).AsTask();
    }

    [Fact]
    public async Task ReadUsageAsync_BatchWithNotify_CountsWhatItsMessagesMayTake()
    {
        await CommitAsync(Accept(Batch(1) with { Notify = Target }));
        Assert.Equal(new OwnerUsage(1, 4, 100 + Target.StoredBytes), await Store.ReadUsageAsync("alice", None));
        await CommitAsync(new StoreWrite.Delete(1));
        Assert.Equal(default, await Store.ReadUsageAsync("alice", None));
    }

    private static WebhookMessage Message(long key, BatchEvents one) => new()
    {
        BatchKey = key,
        Event = one,
        Owner = "alice",
        Host = "hooks.example.com",
        Url = Target.Url,
        Body = "{}"u8.ToArray(),
        CreateTime = Start,
        NextTime = Start,
        EndTime = Start.AddDays(1),
    };

    private static StoreWrite.NoteAttempt Note(
        long key, BatchEvents one, WebhookState state, DateTimeOffset? next = null) => new(
        key,
        one,
        state == WebhookState.Delivered
            ? new WebhookAttempt(Start.AddSeconds(1), 204, null)
            : new WebhookAttempt(Start.AddSeconds(1), 500, "It failed."),
        state,
        next ?? Start);

    private static void AssertSame(WebhookMessage expected, WebhookMessage actual)
    {
        Assert.Equal(expected.Body, actual.Body);
        Assert.Equal(expected, actual with { Body = expected.Body });
    }

    private async Task<IReadOnlyList<WebhookMessage>> DueAsync(DateTimeOffset now) =>
        await Webhooks.ListDueMessagesAsync(now, WebhookLane.First, 100, 100, None);
}
