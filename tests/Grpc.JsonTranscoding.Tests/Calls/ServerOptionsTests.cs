using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.JsonTranscoding.Tests.Infrastructure;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Grpc.JsonTranscoding.Tests.Calls;

/// <summary>What the gRPC server was configured with also holds for transcoded calls.</summary>
public sealed class ServerOptionsTests
{
    [Fact]
    public async Task Send_Interceptors_StandAroundTheHandlerInOrder()
    {
        await using var server = await TestServer.StartAsync(
            grpc: o =>
            {
                o.Interceptors.Add<NamingInterceptor>("outer");
                o.Interceptors.Add<NamingInterceptor>("inner");
            });
        using var response = await server.Http1.GetAsync("/v1/calls/unary?text=a");

        Assert.Equal("""{"text":"a inner outer"}""", await response.Content.ReadAsStringAsync());
        Assert.Equal(["outer", "inner"], response.Headers.GetValues("x-interceptor"));
        using var stream = await server.Http1.GetAsync("/v1/calls/stream?count=1");
        Assert.Equal(["outer", "inner"], stream.Headers.GetValues("x-interceptor"));
    }

    [Fact]
    public async Task Send_InterceptorRefuses_IsAnError()
    {
        await using var server = await TestServer.StartAsync(grpc: o => o.Interceptors.Add<RefusingInterceptor>());

        using var response = await server.Http1.GetAsync("/v1/calls/unary");
        Assert.Equal(403, (int)response.StatusCode);
        using var stream = await server.Http1.GetAsync("/v1/calls/stream?count=1");
        Assert.Equal(403, (int)stream.StatusCode);
    }

    [Theory]
    [InlineData(ServiceLifetime.Singleton)]
    [InlineData(ServiceLifetime.Scoped)]
    [InlineData(ServiceLifetime.Transient)]
    public async Task Send_ServiceOfAnyLifetime_Works(ServiceLifetime lifetime)
    {
        await using var server = await TestServer.StartAsync(
            services: s => s.Add(new ServiceDescriptor(typeof(EchoService), typeof(EchoService), lifetime)));
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(
                """{"text":"a"}""", await server.Http1.GetStringAsync("/v1/calls/unary?text=a"));
            Assert.StartsWith(
                """{"result":{}}""", await server.Http1.GetStringAsync("/v1/calls/stream?count=1"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Send_SettingsOfJson_Count()
    {
        await using var server = await TestServer.StartAsync(o => o.Json = new() { WriteDefaultValues = true, PreserveProtoFieldNames = true });

        Assert.Contains(
            "\"index\":0", await server.Http1.GetStringAsync("/v1/calls/unary"), StringComparison.Ordinal);
    }

    private sealed class NamingInterceptor(string name) : Interceptor
    {
        public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
            TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
        {
            context.GetHttpContext().Response.Headers.Append("x-interceptor", name);
            var response = await continuation(request, context);
            if (response is Transcoding.Test.V1.CallReply reply)
            {
                reply.Text += " " + name;
            }

            return response;
        }

        public override Task ServerStreamingServerHandler<TRequest, TResponse>(
            TRequest request,
            IServerStreamWriter<TResponse> responseStream,
            ServerCallContext context,
            ServerStreamingServerMethod<TRequest, TResponse> continuation)
        {
            context.GetHttpContext().Response.Headers.Append("x-interceptor", name);
            return continuation(request, responseStream, context);
        }
    }

    private sealed class RefusingInterceptor : Interceptor
    {
        public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
            TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation) =>
            throw new RpcException(new Status(StatusCode.PermissionDenied, "no"));

        public override Task ServerStreamingServerHandler<TRequest, TResponse>(
            TRequest request,
            IServerStreamWriter<TResponse> responseStream,
            ServerCallContext context,
            ServerStreamingServerMethod<TRequest, TResponse> continuation) =>
            throw new RpcException(new Status(StatusCode.PermissionDenied, "no"));
    }
}
