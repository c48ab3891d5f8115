using Batching.Engine;
using Batching.Engine.Storage;
using Batching.Rest.Replies;
using Google.Api;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Batching.Rest.Calls;

/// <summary>
/// Turns whatever a service throws into the error that its caller gets: a status over gRPC, and over REST a reply in the
/// form of the path. Once a REST reply has begun its connection is cut instead: half a reply must not pass for a whole one.
/// </summary>
internal sealed class CallErrorInterceptor(ILogger<CallErrorInterceptor> logger) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            return await continuation(request, context);
        }
        catch (Exception exception)
        {
            await ReplyAsync(context, exception);

            // Only a reply in a form of its own comes here, and its message stands for one that is written already.
            return (TResponse)(object)new HttpBody();
        }
    }

    public override async Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        ServerCallContext context,
        ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            return await continuation(requestStream, context);
        }
        catch (Exception exception)
        {
            throw ToRpcException(exception, context);
        }
    }

    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            await continuation(requestStream, responseStream, context);
        }
        catch (Exception exception)
        {
            throw ToRpcException(exception, context);
        }
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            await continuation(request, responseStream, context);
        }
        catch (Exception exception)
        {
            await ReplyAsync(context, exception);
        }
    }

    private async Task ReplyAsync(ServerCallContext context, Exception exception)
    {
        var http = context.GetHttpContext();
        http.Features.Get<DeliveringReply>()?.Fail();
        if (RestForm.Find(http) is not { } form)
        {
            var rpc = ToRpcException(exception, context);
            if (!http.IsGrpc() && !http.Response.HasStarted && rpc.GetRpcStatus() is { } status)
            {
                RestForm.AddRetryAfter(http.Response, status);
            }

            throw rpc;
        }

        if (IsGone(exception, context))
        {
            CallLog.ClientGone(logger, context.Method);
            http.Abort();
            return;
        }

        var error = Describe(exception, context);
        if (!http.Response.HasStarted)
        {
            await form.ReplyAsync(http, error);
        }
        else if (http.Features.Get<RecordStream>() is { } stream)
        {
            stream.End(error.Status);
        }
        else
        {
            http.Abort();
        }
    }

    private RpcException ToRpcException(Exception exception, ServerCallContext context) => exception switch
    {
        RpcException rpc => rpc,
        _ when IsGone(exception, context) => new RpcException(new Status(StatusCode.Cancelled, "The client has gone.")),
        _ => Describe(exception, context).Status.ToRpcException(),
    };

    // The official server's streams say of a call that has ended that it is an invalid operation to write to it.
    private static bool IsGone(Exception exception, ServerCallContext context) =>
        // Kestrel tells whoever reads or writes that the connection has broken before it cancels the call.
        (exception is ClientGoneException or ConnectionResetException or IOException { InnerException: ConnectionAbortedException }
            || (exception is OperationCanceledException or IOException or InvalidOperationException
                && context.CancellationToken.IsCancellationRequested))
        && !CallDeadline.HasPassed(context);

    private CallError Describe(Exception exception, ServerCallContext context)
    {
        if (CallDeadline.HasPassed(context))
        {
            return CallError.FromRpc(StatusCode.DeadlineExceeded, "Deadline Exceeded");
        }

        switch (exception)
        {
            case RefusedCallException refused:
                return refused.Error;
            case RpcException rpc:
                return CallError.FromRpc(rpc);
            case StoreUnavailableException:
                // The store's own words are for the log: they may name files.
                return CallError.FromRpc(new Refusal.Unavailable(
                    "The store can't be used at the moment. Nothing was changed; try again later.").ToStatus());
            case BadHttpRequestException bad:
                return bad.ToCallError();
            default:
                CallLog.ServiceFailed(logger, context.Method, exception);
                return CallError.FromRpc(StatusCode.Unknown, "Exception was thrown by handler.");
        }
    }
}
