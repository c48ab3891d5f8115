using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Batching.Engine.Telemetry;
using Batching.Rest.Calls;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Batching.Server.Telemetry;

/// <summary>
/// Measures the calls by gRPC as the semantic conventions of OpenTelemetry have it. REST calls come this way too, and are measured as
/// HTTP requests alone. Thread-safe.
/// </summary>
internal sealed class RpcMetrics : Interceptor
{
    /// <summary>The name of the instrument.</summary>
    public const string Duration = "rpc.server.call.duration";

    // In seconds, as the conventions advise.
    private static readonly InstrumentAdvice<double> Times = new()
    {
        HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
    };

    private readonly Histogram<double> _duration;

    // Without the slash at the beginning. Only methods that there are come here.
    private readonly ConcurrentDictionary<string, string> _methods = new(StringComparer.Ordinal);

    public RpcMetrics(IMeterFactory meters) =>
        _duration = meters.Create(BatchMetrics.MeterName).CreateHistogram(
            Duration, "s", "Duration of calls by gRPC.", tags: null, Times);

    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation) =>
        context.GetHttpContext().IsGrpc()
            ? MeasureAsync(context, () => continuation(request, context))
            : continuation(request, context);

    public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        ServerCallContext context,
        ClientStreamingServerMethod<TRequest, TResponse> continuation) =>
        context.GetHttpContext().IsGrpc()
            ? MeasureAsync(context, () => continuation(requestStream, context))
            : continuation(requestStream, context);

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation) =>
        context.GetHttpContext().IsGrpc()
            ? MeasureAsync(context, () => AsResult(continuation(request, responseStream, context)))
            : continuation(request, responseStream, context);

    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation) =>
        context.GetHttpContext().IsGrpc()
            ? MeasureAsync(context, () => AsResult(continuation(requestStream, responseStream, context)))
            : continuation(requestStream, responseStream, context);

    private static async Task<bool> AsResult(Task task)
    {
        await task;
        return true;
    }

    private async Task<T> MeasureAsync<T>(ServerCallContext context, Func<Task<T>> call)
    {
        var began = Stopwatch.GetTimestamp();
        try
        {
            var result = await call();
            Record(context, context.Status.StatusCode, began);
            return result;
        }
        catch (Exception exception)
        {
            Record(context, exception is RpcException rpc ? rpc.StatusCode : StatusCode.Unknown, began);
            throw;
        }
    }

    private void Record(ServerCallContext context, StatusCode status, long began)
    {
        var name = NameOf(status);
        var tags = new TagList
        {
            new("rpc.system.name", "grpc"),
            new("rpc.method", _methods.GetOrAdd(context.Method, static method => method.TrimStart('/'))),
            new("rpc.response.status_code", name),
        };
        if (IsError(status))
        {
            tags.Add("error.type", name);
        }

        _duration.Record(Stopwatch.GetElapsedTime(began).TotalSeconds, tags);
    }

    // Others are the client's affair.
    private static bool IsError(StatusCode status) => status is StatusCode.Unknown or StatusCode.DeadlineExceeded
        or StatusCode.Unimplemented or StatusCode.Internal or StatusCode.Unavailable or StatusCode.DataLoss;

    private static string NameOf(StatusCode status) => status switch
    {
        StatusCode.OK => "OK",
        StatusCode.Cancelled => "CANCELLED",
        StatusCode.InvalidArgument => "INVALID_ARGUMENT",
        StatusCode.DeadlineExceeded => "DEADLINE_EXCEEDED",
        StatusCode.NotFound => "NOT_FOUND",
        StatusCode.AlreadyExists => "ALREADY_EXISTS",
        StatusCode.PermissionDenied => "PERMISSION_DENIED",
        StatusCode.Unauthenticated => "UNAUTHENTICATED",
        StatusCode.ResourceExhausted => "RESOURCE_EXHAUSTED",
        StatusCode.FailedPrecondition => "FAILED_PRECONDITION",
        StatusCode.Aborted => "ABORTED",
        StatusCode.OutOfRange => "OUT_OF_RANGE",
        StatusCode.Unimplemented => "UNIMPLEMENTED",
        StatusCode.Internal => "INTERNAL",
        StatusCode.Unavailable => "UNAVAILABLE",
        StatusCode.DataLoss => "DATA_LOSS",
        _ => "UNKNOWN",
    };
}
