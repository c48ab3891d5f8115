using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.Rest.Replies;
using Batching.Rest.Requests;
using Google.Api;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Batching.Rest.Calls;

/// <summary>
/// Turns whatever a service throws into the error that its caller gets: a status over gRPC, and over REST a reply in the
/// form of the path. Once a REST reply has begun its connection is cut instead: half a reply must not pass for a whole one.
/// </summary>
internal sealed class CallErrorInterceptor(TimeProvider time, ILogger<CallErrorInterceptor> logger) : Interceptor
{
    // How long it takes at most until a call that was broken off is cancelled, if the machine is busy.
    private static readonly TimeSpan CancelDelay = TimeSpan.FromSeconds(1);

    // The head of a reply may have 4 KiB for some proxies (nginx: grpc_buffer_size, and proxy_buffer_size for gRPC-Web). An
    // error is in base64 there, and its message once more.
    private const int MaxHeadBytes = 2 * 1024;

    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        // The call is decoded; a body that its method reads itself has a turn of its own.
        RequestMemory.Find(context.GetHttpContext())?.EndTurn();
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
            throw await ToRpcExceptionAsync(exception, context);
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
            throw await ToRpcExceptionAsync(exception, context);
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
            var rpc = await ToRpcExceptionAsync(exception, context);
            if (!http.IsGrpc() && !http.Response.HasStarted && rpc.GetRpcStatus() is { } status)
            {
                RestForm.AddRetryAfter(http.Response, status);
            }

            throw rpc;
        }

        if (await IsGoneAsync(exception, context))
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

    private async Task<RpcException> ToRpcExceptionAsync(Exception exception, ServerCallContext context)
    {
        var rpc = exception as RpcException
            ?? (await IsGoneAsync(exception, context)
                ? new RpcException(new Status(StatusCode.Cancelled, "The client has gone."))
                : Describe(exception, context).Status.ToRpcException());

        // An error that is too large for the head of a reply comes behind it, in trailers. Smaller ones are all that their
        // reply is ("Trailers-Only"): a call whose reply has begun is none that clients make again by themselves.
        var http = context.GetHttpContext();
        if (http.IsGrpc() && !http.Response.HasStarted && rpc.GetRpcStatus()?.CalculateSize() > MaxHeadBytes)
        {
            await context.WriteResponseHeadersAsync([]);
        }

        return rpc;
    }

    // The client, or its connection, is no more: Kestrel and the official server say so in many ways, an invalid operation among
    // them, and to whoever reads or writes before another thread cancels the call.
    private async Task<bool> IsGoneAsync(Exception exception, ServerCallContext context)
    {
        if (exception is ClientGoneException)
        {
            return !CallDeadline.HasPassed(context);
        }

        if (exception is not (OperationCanceledException or IOException or InvalidOperationException))
        {
            return false;
        }

        // A body that is refused is one of these, too.
        if (exception is not BadHttpRequestException)
        {
            await Task.Delay(CancelDelay, time, context.CancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return context.CancellationToken.IsCancellationRequested && !CallDeadline.HasPassed(context);
    }

    private CallError Describe(Exception exception, ServerCallContext context)
    {
        if (CallDeadline.HasPassed(context))
        {
            return CallError.Of(CallErrorKinds.Late, "Deadline Exceeded");
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
                return CallError.Of(CallErrorKinds.Unknown, "Exception was thrown by handler.");
        }
    }
}
