using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Batching.Rest.Tests.Calls;

/// <summary>A gRPC call that can be broken off.</summary>
/// <param name="cancellation">Cancels it.</param>
internal sealed class EndingCallContext(CancellationToken cancellation) : ServerCallContext
{
    protected override string MethodCore => "/batch.v1.BatchService/FetchResults";

    protected override string HostCore => "localhost";

    protected override string PeerCore => "ipv4:127.0.0.1:1";

    protected override DateTime DeadlineCore => DateTime.MaxValue;

    protected override Metadata RequestHeadersCore { get; } = [];

    protected override CancellationToken CancellationTokenCore => cancellation;

    protected override Metadata ResponseTrailersCore { get; } = [];

    protected override Status StatusCore { get; set; }

    protected override WriteOptions? WriteOptionsCore { get; set; }

    protected override AuthContext AuthContextCore { get; } = new(null, []);

    // Where Grpc.AspNetCore looks for the HTTP request of a call that is not its own.
    protected override IDictionary<object, object> UserStateCore { get; } =
        new Dictionary<object, object> { ["__HttpContext"] = new DefaultHttpContext() };

    protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) =>
        throw new NotSupportedException();

    protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders) => Task.CompletedTask;
}
