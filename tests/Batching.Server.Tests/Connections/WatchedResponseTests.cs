using System.IO.Pipelines;
using Batching.Engine.Configuration;
using Batching.Server.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Batching.Server.Tests.Connections;

public sealed class WatchedResponseTests : IDisposable
{
    private static readonly byte[] Reply = new byte[1000];

    private readonly Pipe _pipe = new();
    private readonly CancellationTokenSource _aborted = new();
    private readonly WatchedResponse _response;

    public WatchedResponseTests()
    {
        var context = new DefaultHttpContext { RequestAborted = _aborted.Token };
        _response = new WatchedResponse(
            context,
            new Body(_pipe.Writer),
            TimeSpan.FromMinutes(1),
            minRate: 1,
            new StopPatience(
                new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance), Options.Create(new BatchEngineOptions())),
            TimeProvider.System,
            NullLogger.Instance);
    }

    public void Dispose()
    {
        _response.Dispose();
        _aborted.Dispose();
    }

    [Fact]
    public async Task IsWhole_ClientGoesBehindTheLastByte_IsTrue()
    {
        await _response.WriteAsync(Reply);
        await _aborted.CancelAsync();
        Assert.True(_response.IsWhole);

        // As what writes through another does at the end, when the client has long gone.
        await _response.FlushAsync();
        Assert.True(_response.IsWhole);
    }

    [Fact]
    public async Task IsWhole_ClientGoesBeforeTheLastByte_IsFalse()
    {
        await _response.WriteAsync(Reply);
        await _aborted.CancelAsync();
        _response.GetSpan(1)[0] = 1;
        _response.Advance(1);
        await _response.FlushAsync();
        Assert.False(_response.IsWhole);
    }

    [Fact]
    public async Task IsWhole_NotFlushed_IsFalse()
    {
        _response.GetSpan(1)[0] = 1;
        _response.Advance(1);
        Assert.False(_response.IsWhole);
        await _response.FlushAsync();
        Assert.True(_response.IsWhole);
    }

    [Fact]
    public async Task IsWhole_ConnectionTakesNoMore_IsFalse()
    {
        await _pipe.Reader.CompleteAsync();
        await _response.WriteAsync(Reply);
        Assert.False(_response.IsWhole);
    }

    [Fact]
    public async Task IsWhole_ConnectionBreaksUnderAWait_IsFalse()
    {
        var writing = _response.WriteAsync(new byte[200_000]);
        Assert.False(writing.IsCompleted);
        await _pipe.Reader.CompleteAsync();
        Assert.True((await writing).IsCompleted);
        Assert.False(_response.IsWhole);
    }

    [Fact]
    public async Task IsWhole_LargeReplyIsTakenBitByBit_IsTrue()
    {
        var writing = _response.WriteAsync(new byte[200_000]);
        for (var taken = 0L; taken < 200_000;)
        {
            var read = await _pipe.Reader.ReadAsync();
            taken += read.Buffer.Length;
            _pipe.Reader.AdvanceTo(read.Buffer.End);
        }

        await writing;
        Assert.True(_response.IsWhole);
    }

    private sealed class Body(PipeWriter writer) : IHttpResponseBodyFeature
    {
        public Stream Stream => writer.AsStream();

        public PipeWriter Writer => writer;

        public Task CompleteAsync() => throw new NotSupportedException();

        public void DisableBuffering()
        {
        }

        public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public Task StartAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;
    }
}
