using System.Net;
using System.Net.Http.Headers;

namespace Grpc.JsonTranscoding.Tests.Infrastructure;

/// <summary>A JSON body that begins and never ends.</summary>
internal sealed class EndlessContent : HttpContent
{
    public EndlessContent()
    {
        Headers.ContentType = new MediaTypeHeaderValue("application/json");
    }

    public TaskCompletionSource Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(
        Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await stream.WriteAsync("{\"text\":\""u8.ToArray(), cancellationToken);
        await stream.FlushAsync(cancellationToken);
        Begun.SetResult();
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
