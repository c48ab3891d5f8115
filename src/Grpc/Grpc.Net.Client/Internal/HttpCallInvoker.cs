using Grpc.Core;

namespace Grpc.Net.Client.Internal;

internal sealed class HttpCallInvoker(GrpcChannel channel) : CallInvoker
{
    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        using var call = AsyncUnaryCall(method, host, options, request);
        return call.GetAwaiter().GetResult();
    }

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        var call = new GrpcCall<TRequest, TResponse>(channel, method, host, options);
        call.Start(request);
        return new AsyncUnaryCall<TResponse>(
            call.ReadSingleAsync(),
            static state => ((IGrpcCall)state).GetHeadersAsync(),
            static state => ((IGrpcCall)state).GetStatus(),
            static state => ((IGrpcCall)state).GetTrailers(),
            static state => ((IGrpcCall)state).Dispose(),
            call);
    }

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        var call = new GrpcCall<TRequest, TResponse>(channel, method, host, options);
        call.Start(request);
        return new AsyncServerStreamingCall<TResponse>(
            new ResponseStreamReader<TRequest, TResponse>(call),
            static state => ((IGrpcCall)state).GetHeadersAsync(),
            static state => ((IGrpcCall)state).GetStatus(),
            static state => ((IGrpcCall)state).GetTrailers(),
            static state => ((IGrpcCall)state).Dispose(),
            call);
    }

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        var call = new GrpcCall<TRequest, TResponse>(channel, method, host, options);
        var requests = call.StartStream();
        return new AsyncClientStreamingCall<TRequest, TResponse>(
            requests,
            call.ReadSingleAsync(),
            static state => ((IGrpcCall)state).GetHeadersAsync(),
            static state => ((IGrpcCall)state).GetStatus(),
            static state => ((IGrpcCall)state).GetTrailers(),
            static state => ((IGrpcCall)state).Dispose(),
            call);
    }

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        var call = new GrpcCall<TRequest, TResponse>(channel, method, host, options);
        var requests = call.StartStream();
        return new AsyncDuplexStreamingCall<TRequest, TResponse>(
            requests,
            new ResponseStreamReader<TRequest, TResponse>(call),
            static state => ((IGrpcCall)state).GetHeadersAsync(),
            static state => ((IGrpcCall)state).GetStatus(),
            static state => ((IGrpcCall)state).GetTrailers(),
            static state => ((IGrpcCall)state).Dispose(),
            call);
    }
}
