using System.Runtime.CompilerServices;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Calls;

/// <summary>Serves the requests of one route: what unary calls and streams have in common.</summary>
internal abstract class CallHandler<TRequest>(TranscodedRoute route, IMethod method, CallEnvironment environment)
    where TRequest : class
{
    private readonly RequestReader _reader = new(route);

    protected TranscodedRoute Route { get; } = route;

    protected IMethod Method { get; } = method;

    protected CallEnvironment Environment { get; } = environment;

    public async Task InvokeAsync(HttpContext httpContext)
    {
        using var context = new JsonServerCallContext(httpContext, Method);
        try
        {
            var timeout = httpContext.Request.Headers[GrpcTimeout.HeaderName];
            if (timeout.Count > 0)
            {
                StartDeadline(context, timeout.ToString());
            }

            var request = Activator.CreateInstance<TRequest>();
            try
            {
                await _reader.ReadAsync(httpContext, Unsafe.As<IMessage>(request));
            }
            catch (Exception e) when (e is OperationCanceledException or (IOException and not BadHttpRequestException))
            {
                throw new ClientGoneException(httpContext.RequestAborted);
            }

            await InvokeAsync(context, request);
        }
        catch (Exception e)
        {
            if (Describe(context, e) is { } error)
            {
                await ReplyAsync(context, e, error);
            }
        }
    }

    /// <summary>Calls the handler and writes its reply. Exceptions become an error reply.</summary>
    protected abstract Task InvokeAsync(JsonServerCallContext context, TRequest request);

    /// <summary>What the client is told about an exception; null when the client has gone and nobody listens.</summary>
    protected CallError? Describe(JsonServerCallContext context, Exception exception)
    {
        var logger = Environment.Logger;
        if (context.DeadlineToken.IsCancellationRequested)
        {
            JsonTranscodingLog.DeadlineExceeded(logger, Method.FullName);
            return CallError.FromRpc(StatusCode.DeadlineExceeded, "Deadline Exceeded");
        }

        switch (exception)
        {
            case InvalidRequestException invalid:
                JsonTranscodingLog.RequestRefused(logger, Method.FullName, invalid.Message);
                return CallError.FromRequest(invalid);
            case RefusedRequestException refused:
                JsonTranscodingLog.RequestRefused(logger, Method.FullName, refused.Message);
                return refused.Error;
            case RpcException rpc:
                JsonTranscodingLog.RpcError(logger, rpc.StatusCode, rpc.Status.Detail, Method.FullName);
                return CallError.FromStatus(rpc.Status, rpc.Trailers);
            case BadHttpRequestException bad:
                JsonTranscodingLog.RequestRefused(logger, Method.FullName, bad.Message);
                return CallError.FromHttp(bad.StatusCode, StatusCode.InvalidArgument, "The HTTP request is not valid.");
            case ClientGoneException:
            case OperationCanceledException or IOException
                when context.HttpContext.RequestAborted.IsCancellationRequested:
                JsonTranscodingLog.ClientGone(logger, Method.FullName);
                return null;
            default:
                JsonTranscodingLog.ErrorExecutingServiceMethod(logger, Method.FullName, exception);
                return CallError.FromRpc(StatusCode.Unknown, Environment.EnableDetailedErrors
                    ? $"Exception was thrown by handler. {exception.GetType().Name}: {exception.Message}"
                    : "Exception was thrown by handler.");
        }
    }

    /// <summary>Sends an error reply, with what the handler left in trailers as headers.</summary>
    protected async Task ReplyAsync(JsonServerCallContext context, Exception exception, CallError error)
    {
        if (context.HttpContext.Response.HasStarted)
        {
            // Half a reply must not pass for a whole one.
            context.HttpContext.Abort();
            return;
        }

        var headers = context.HttpContext.Response.Headers;
        if (context.TrailersOrNull is { } trailers)
        {
            MetadataHeaders.Write(trailers, headers);
        }

        if (exception is RpcException rpc && rpc.Trailers != context.TrailersOrNull)
        {
            MetadataHeaders.Write(rpc.Trailers, headers);
        }

        try
        {
            if (exception is RefusedRequestException)
            {
                await RequestBody.DrainAsync(
                    context.HttpContext, Route.Dialect.GetMaxRequestBodySize(context.HttpContext, Route));
            }

            await Environment.Errors.WriteAsync(context.HttpContext, Route.Dialect, error);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            JsonTranscodingLog.ClientGone(Environment.Logger, Method.FullName);
        }
    }

    /// <summary>
    /// Completes the reply and waits for a handler that runs on beyond its deadline: it still holds the
    /// request, which may not be recycled before the handler is done with it.
    /// </summary>
    protected static async Task WaitForHandlerAsync(JsonServerCallContext context, Task running)
    {
        if (running.IsCompleted)
        {
            return;
        }

        try
        {
            await context.HttpContext.Response.CompleteAsync();
        }
        finally
        {
            await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void StartDeadline(JsonServerCallContext context, string text)
    {
        if (!GrpcTimeout.TryParse(text, out var timeout))
        {
            throw new InvalidRequestException(
                GrpcTimeout.HeaderName,
                "The timeout must be at most eight digits and one of the units H, M, S, m, u, n.");
        }

        context.StartDeadline(timeout, Environment.Time);
    }
}
