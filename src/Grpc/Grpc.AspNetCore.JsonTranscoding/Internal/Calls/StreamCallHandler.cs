using System.Runtime.CompilerServices;
using Google.Protobuf;
using Grpc.Core;
using RpcStatus = Google.Rpc.Status;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Calls;

/// <summary>Server streams: NDJSON, server-sent events, or the raw pieces of an HttpBody.</summary>
internal sealed class StreamCallHandler<TRequest, TResponse>(
    TranscodedRoute route,
    Method<TRequest, TResponse> method,
    CallEnvironment environment,
    ServerStreamingServerMethod<TRequest, TResponse> handler)
    : CallHandler<TRequest>(route, method, environment)
    where TRequest : class
    where TResponse : class
{
    private readonly bool _isRaw = RawBody.IsRaw(route.Method.OutputType, route.ResponseBodyField);

    protected override async Task InvokeAsync(JsonServerCallContext context, TRequest request)
    {
        using var stream = new JsonStreamWriter<TResponse>(context, Route, Unsafe.As<IMessage>(request), _isRaw);
        context.StartStream = stream.StartAsync;
        var running = Task.CompletedTask;
        try
        {
            running = handler(request, stream, context);
            await (context.HasDeadline ? running.WaitAsync(context.DeadlineToken) : running);
            if (context.Status.StatusCode != StatusCode.OK)
            {
                throw new RpcException(context.Status, context.TrailersOrNull ?? Metadata.Empty);
            }

            stream.Close();
            await stream.EndAsync(new RpcStatus(), context.TrailersOrNull);
        }
        catch (Exception e)
        {
            // From here on the handler can't begin the reply any more, should it still be running.
            var hasBegun = stream.Close();
            try
            {
                if (Describe(context, e) is { } error)
                {
                    await (hasBegun
                        ? stream.EndAsync(error.Status, (e as RpcException)?.Trailers ?? context.TrailersOrNull)
                        : ReplyAsync(context, e, error));
                }
            }
            finally
            {
                await WaitForHandlerAsync(context, running);
            }
        }
    }
}
