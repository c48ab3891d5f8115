using Batching.Rest.Calls;
using Grpc.Core;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Batching.Rest.Tests.Calls;

public sealed class CallErrorInterceptorTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly FakeLogger<CallErrorInterceptor> _log = new();

    /// <summary>What is thrown to whoever reads or writes while the connection or the stream is broken off.</summary>
    public static TheoryData<Exception> Breaks => new(
        new IOException("The client reset the request stream."),
        new IOException("Broken pipe", new ConnectionAbortedException()),
        new ConnectionAbortedException(),
        new ConnectionResetException("reset"),
        new OperationCanceledException(),
        new ObjectDisposedException("stream"),
        new InvalidOperationException("Can't write the message because the request is complete."));

    [Theory]
    [MemberData(nameof(Breaks))]
    public async Task Handler_BrokenOffBeforeItIsCancelled_IsNoErrorOfTheService(Exception thrown)
    {
        using var cancellation = new CancellationTokenSource();
        var call = CallAsync(thrown, cancellation.Token);
        Assert.False(call.IsCompleted);

        await cancellation.CancelAsync();

        Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(() => call)).StatusCode);
        Assert.DoesNotContain(_log.Collector.GetSnapshot(), record => record.Level >= LogLevel.Warning);
    }

    [Theory]
    [MemberData(nameof(Breaks))]
    public async Task Handler_ThrowsAndIsNotCancelled_IsAnErrorOfTheService(Exception thrown)
    {
        var call = CallAsync(thrown, CancellationToken.None);

        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(StatusCode.Unknown, (await Assert.ThrowsAsync<RpcException>(() => call)).StatusCode);
        Assert.Same(thrown, Assert.Single(_log.Collector.GetSnapshot()).Exception);
    }

    [Fact]
    public async Task Handler_RefusesABody_AnswersAtOnce()
    {
        var call = CallAsync(new BadHttpRequestException("Too large.", StatusCodes.Status413PayloadTooLarge), CancellationToken.None);

        Assert.True(call.IsCompleted);
        Assert.Equal(StatusCode.ResourceExhausted, (await Assert.ThrowsAsync<RpcException>(() => call)).StatusCode);
        Assert.Empty(_log.Collector.GetSnapshot());
    }

    private Task CallAsync(Exception thrown, CancellationToken cancellationToken) =>
        new CallErrorInterceptor(_time, _log).ServerStreamingServerHandler<object, object>(
            new object(), null!, new EndingCallContext(cancellationToken), (_, _, _) => throw thrown);
}
