using System.Runtime.CompilerServices;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
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
        var stream = new JsonStreamWriter<TResponse>(context, Route, Unsafe.As<IMessage>(request), _isRaw);
        context.StartStream = stream.StartAsync;
        var running = Task.CompletedTask;
        RpcStatus status;
        try
        {
            running = handler(request, stream, context);
            await (context.HasDeadline ? running.WaitAsync(context.DeadlineToken) : running);
            if (context.Status.StatusCode != StatusCode.OK)
            {
                throw new RpcException(context.Status, context.TrailersOrNull ?? Metadata.Empty);
            }

            status = new RpcStatus();
        }
        catch (Exception e) when (stream.HasBegun || !running.IsCompleted)
        {
            if (Describe(context, e) is not { } error)
            {
                return;
            }

            status = error.Status;
            if (!stream.HasBegun)
            {
                await Environment.Errors.WriteAsync(context.HttpContext, Route.Dialect, error);
            }
        }

        try
        {
            if (!context.HttpContext.Response.HasStarted || stream.HasBegun)
            {
                await stream.EndAsync(status);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            JsonTranscodingLog.ClientGone(Environment.Logger, Method.FullName);
        }

        if (!running.IsCompleted)
        {
            await context.HttpContext.Response.CompleteAsync();
            // As in unary calls: the request stays alive until the handler is done with it.
            await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
