using System.Runtime.CompilerServices;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Calls;

/// <summary>Unary calls: one JSON reply, or a raw one from an HttpBody.</summary>
internal sealed class UnaryCallHandler<TRequest, TResponse>(
    TranscodedRoute route,
    Method<TRequest, TResponse> method,
    CallEnvironment environment,
    UnaryServerMethod<TRequest, TResponse> handler)
    : CallHandler<TRequest>(route, method, environment)
    where TRequest : class
    where TResponse : class
{
    private readonly bool _isRaw = RawBody.IsRaw(route.Method.OutputType, route.ResponseBodyField);

    protected override async Task InvokeAsync(JsonServerCallContext context, TRequest request)
    {
        var running = handler(request, context);
        if (!context.HasDeadline)
        {
            await ReplyAsync(context, request, await running);
            return;
        }

        try
        {
            await ReplyAsync(context, request, await running.WaitAsync(context.DeadlineToken));
        }
        catch (Exception e) when (!running.IsCompleted)
        {
            try
            {
                if (Describe(context, e) is { } error)
                {
                    await ReplyAsync(context, e, error);
                }
            }
            finally
            {
                await WaitForHandlerAsync(context, running);
            }
        }
    }

    private Task ReplyAsync(JsonServerCallContext context, TRequest request, TResponse? response)
    {
        var status = context.Status;
        if (status.StatusCode != StatusCode.OK)
        {
            throw new RpcException(status, context.TrailersOrNull ?? Metadata.Empty);
        }

        if (response is null)
        {
            throw new RpcException(new Status(StatusCode.Cancelled, "No message returned from method."));
        }

        if (context.TrailersOrNull is { } trailers)
        {
            MetadataHeaders.Write(trailers, context.HttpContext.Response.Headers);
        }

        var message = Unsafe.As<IMessage>(response);
        return _isRaw
            ? WriteRawAsync(context.HttpContext, message)
            : WriteJsonAsync(context.HttpContext, Unsafe.As<IMessage>(request), message);
    }

    private async Task WriteJsonAsync(HttpContext httpContext, IMessage request, IMessage message)
    {
        var dialect = Route.Dialect;
        var writer = Environment.Writers.Rent();
        writer.Begin(httpContext);
        try
        {
            httpContext.Response.StatusCode = dialect.GetHttpStatus(httpContext, StatusCodes.Status200OK);
            httpContext.Response.ContentType = dialect.ContentType;
            await dialect.WriteResponseAsync(writer, Route, request, message);
            writer.Complete();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            JsonTranscodingLog.ErrorWritingReply(Environment.Logger, Method.FullName, e);
            if (!writer.TryDiscard())
            {
                httpContext.Abort();
                return;
            }

            throw new RpcException(new Status(StatusCode.Internal, "The reply can't be written as JSON."));
        }
        finally
        {
            Environment.Writers.Return(writer);
        }
    }

    private async Task WriteRawAsync(HttpContext httpContext, IMessage message)
    {
        var body = RawBody.Get(message, Route.ResponseBodyField);
        var response = httpContext.Response;
        response.StatusCode = Route.Dialect.GetHttpStatus(httpContext, StatusCodes.Status200OK);
        response.ContentType = RawBody.ContentType(body);
        response.ContentLength = body.Data.Length;
        await response.BodyWriter.WriteAsync(body.Data.Memory);
    }
}
