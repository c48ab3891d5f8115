using System.IO.Pipelines;
using Batching.Engine.Configuration;
using Batching.Engine.Quotas;
using Batching.Rest.Requests;
using Batching.Server.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Batching.Server.Tests.Connections;

/// <summary>A body that takes long, by a clock of the test's own.</summary>
public sealed class WatchedRequestTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(100);

    private readonly Pipe _pipe = new();
    private readonly FakeTimeProvider _time = new();
    private readonly WatchedRequest _request;

    public WatchedRequestTests()
    {
        var options = Options.Create(new BatchEngineOptions());
        var context = new DefaultHttpContext();
        context.Features.Set<IRequestBodyPipeFeature>(new Body(_pipe.Reader));
        _request = new WatchedRequest(
            context.Request,
            new RequestMemory(context, new MemoryBudgets(options, _time)),
            new LimitOptions { SubmissionTime = Limit, SenderStall = 10 * Limit },
            isStream: false,
            new StopPatience(new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance), options),
            _time);
    }

    public void Dispose() => _request.Dispose();

    // After a pause of the process the clock is there first, and then what has long arrived.
    [Fact]
    public async Task ReadAsync_BodyIsThereWhenTheTimeIsOver_IsRead()
    {
        var reading = _request.ReadAsync().AsTask();
        _time.Advance(3 * Limit);
        await _pipe.Writer.WriteAsync(new byte[7]);

        Assert.Equal(7, (await reading).Buffer.Length);
    }

    [Fact]
    public async Task ReadAsync_NothingCame_IsTooLateAMomentBehindTheTime()
    {
        var reading = _request.ReadAsync().AsTask();
        _time.Advance(Limit);
        Assert.False(reading.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));

        var late = await Assert.ThrowsAsync<BadHttpRequestException>(() => reading);
        Assert.Equal(StatusCodes.Status408RequestTimeout, late.StatusCode);
    }

    private sealed class Body(PipeReader reader) : IRequestBodyPipeFeature
    {
        public PipeReader Reader => reader;
    }
}
