using Batching.Engine.Delivery;
using Batching.Engine.Model;
using Batching.Engine.Tests.Infrastructure;

namespace Batching.Engine.Tests.Delivery;

public sealed class BodyReaderTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    // Once from memory, once from the store.
    [Theory]
    [InlineData(32 * 1024 * 1024)]
    [InlineData(1)]
    public async Task Read_InParts_GivesTheBytesOfThatBody(int cacheBytes)
    {
        var bodies = Enumerable.Range(0, 5).Select(i => BytesOf(i, i * 100_000)).ToArray();
        await using var upstream = await TestApi.StartAsync(context =>
        {
            context.Response.ContentType = "image/png";
            var index = int.Parse(context.Request.Path.Value!.Split('/')[2], null);
            return context.Response.Body.WriteAsync(bodies[index]).AsTask();
        });
        await using var engine = await StartAsync(upstream, cacheBytes);
        var batch = await engine.SubmitAsync(EngineHost.Gets(5));
        await engine.UntilDoneAsync(batch.Id);
        for (var i = 0; i < 5; i++)
        {
            var answer = await OpenAsync(engine, batch.Id, batch.Requests[i].Id);
            using var body = answer.Value!;
            Assert.Equal((bodies[i].Length, "image/png", ""), (body.Length, body.ContentType, body.ContentEncoding));
            var read = new byte[body.Length];
            for (var offset = 0; offset < read.Length; offset += 30_001)
            {
                var part = read.AsMemory(offset, Math.Min(30_001, read.Length - offset));
                Assert.True(await body.ReadAsync(offset, part, CancellationToken.None));
            }

            Assert.True(read.AsSpan().SequenceEqual(bodies[i]));
        }
    }

    [Fact]
    public async Task Read_DeletedMeanwhile_SaysSo()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream, 1);
        var batch = await engine.SubmitAsync(EngineHost.Gets(1));
        await engine.UntilDoneAsync(batch.Id);
        using var body = (await OpenAsync(engine, batch.Id, batch.Requests[0].Id)).Value!;
        await engine.Deleter.DeleteAsync(EngineHost.Alice, batch.Id, CancellationToken.None);
        Assert.False(await body.ReadAsync(0, new byte[body.Length], CancellationToken.None));
    }

    [Fact]
    public async Task Open_WhatIsNotThere_IsRefused()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(
            context => context.Request.Path == "/items/1" ? gate.PassAsync(context) : TestApi.EchoAsync(context));
        await using var engine = await StartAsync(upstream, 1);
        var batch = await engine.SubmitAsync(EngineHost.Gets(2));
        var other = await engine.SubmitAsync(EngineHost.Gets(1));
        await engine.UntilFinishedAsync(batch.Id, 1);
        var finished = batch.Requests[0].Id;

        var foreign = await engine.Get<BodyReader>().OpenAsync(EngineHost.Bob, batch.Id, finished, CancellationToken.None);
        Assert.Equal(new Refusal.NotFound("batch", batch.Id), foreign.Refusal);
        Assert.Equal(
            new Refusal.NotFound("request", other.Requests[0].Id),
            (await OpenAsync(engine, batch.Id, other.Requests[0].Id)).Refusal);
        Assert.IsType<Refusal.NotThere>((await OpenAsync(engine, batch.Id, batch.Requests[1].Id)).Refusal);

        gate.Open();
        await engine.UntilDoneAsync(batch.Id);
        engine.Time.Advance(TimeSpan.FromHours(2));
        Assert.IsType<Refusal.NotThere>((await OpenAsync(engine, batch.Id, finished)).Refusal);
    }

    [Fact]
    public async Task Open_RequestThatFailed_HasAnEmptyBody()
    {
        await using var upstream = await TestApi.StartAsync(context =>
        {
            context.Abort();
            return Task.CompletedTask;
        });
        await using var engine = await StartAsync(upstream, 1);
        var batch = await engine.SubmitAsync([EngineHost.Post("/x")]);
        await engine.UntilDoneAsync(batch.Id);
        using var body = (await OpenAsync(engine, batch.Id, batch.Requests[0].Id)).Value!;
        Assert.Equal(0, body.Length);
    }

    [Fact]
    public async Task Open_IsOneOfTheOwnersStreams()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, options =>
        {
            EngineHost.Upstream(upstream.Url)(options);
            options.Quotas.Streams = 1;
        });
        var batch = await engine.SubmitAsync(EngineHost.Gets(1));
        await engine.UntilDoneAsync(batch.Id);
        using (var first = (await OpenAsync(engine, batch.Id, batch.Requests[0].Id)).Value!)
        {
            Assert.IsType<Refusal.Exhausted>((await OpenAsync(engine, batch.Id, batch.Requests[0].Id)).Refusal);
        }

        using var second = (await OpenAsync(engine, batch.Id, batch.Requests[0].Id)).Value!;
    }

    private static byte[] BytesOf(int seed, int count)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static ValueTask<Outcome<ResultBody>> OpenAsync(EngineHost engine, string batchId, string requestId) =>
        engine.Get<BodyReader>().OpenAsync(EngineHost.Alice, batchId, requestId, CancellationToken.None);

    private Task<EngineHost> StartAsync(TestApi upstream, int cacheBytes) => EngineHost.StartAsync(_directory, options =>
    {
        EngineHost.Upstream(upstream.Url)(options);
        options.Limits.ResultCacheBytes = cacheBytes;
    });
}
