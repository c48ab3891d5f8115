using System.Net;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Tests.Echo;
using Grpc.Tests.Infrastructure;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Grpc.Tests.Server;

public sealed class ServiceTests
{
    [Theory]
    [InlineData(ServiceLifetime.Singleton, 1)]
    [InlineData(ServiceLifetime.Scoped, 3)]
    [InlineData(ServiceLifetime.Transient, 3)]
    [InlineData(null, 3)]
    public async Task Call_Lifetime_InstancesMadeAndDisposed(ServiceLifetime? lifetime, int instances)
    {
        var counter = new Counter();
        await using (var server = await StartAsync<CountingService>(builder =>
        {
            builder.AddSingleton(counter);
            if (lifetime is { } given)
            {
                builder.Add(new ServiceDescriptor(typeof(CountingService), typeof(CountingService), given));
            }
        }))
        {
            for (var i = 0; i < 3; i++)
            {
                await server.Client.EchoAsync(new EchoRequest());
            }
        }

        Assert.Equal((instances, instances), (counter.Made, counter.Disposed));
    }

    [Fact]
    public async Task Call_ServiceUsesContext_AllOfIt()
    {
        await using var server = await StartAsync<ContextService>();

        var response = await server.Client.EchoAsync(new EchoRequest());

        Assert.Equal(
            $"/grpctest.v1.EchoService/Echo 127.0.0.1:{server.Address.Port} ipv4:127.0.0.1 HTTP/2 9999 False again",
            response.Text);
    }

    [Fact]
    public async Task Write_AfterTheCall_Refused()
    {
        await using var server = await StartAsync<LateWriterService>();
        using (var call = server.Client.Expand(new EchoRequest()))
        {
            Assert.False(await call.ResponseStream.MoveNext(CancellationToken.None));
        }

        await Assert.ThrowsAsync<InvalidOperationException>(() => LateWriterService.Writer!.WriteAsync(new EchoResponse()));
    }

    [Fact]
    public async Task Trailers_InvalidValue_InternalAndLogged()
    {
        await using var server = await StartAsync<BadTrailerService>();
        server.ExpectErrors = true;

        var exception = await Assert.ThrowsAsync<RpcException>(async () => await server.Client.EchoAsync(new EchoRequest()));

        Assert.Equal(StatusCode.Internal, exception.StatusCode);
        Assert.Contains(server.Logs, entry => entry.EventId.Name == "InvalidTrailers");
    }

    [Fact]
    public async Task Echo_NullResponse_Cancelled()
    {
        await using var server = await StartAsync<NullService>();

        var exception = await Assert.ThrowsAsync<RpcException>(async () => await server.Client.EchoAsync(new EchoRequest()));

        Assert.Equal(StatusCode.Cancelled, exception.StatusCode);
    }

    [Fact]
    public async Task Call_UnknownServicesIgnored_NextMiddlewareAnswers()
    {
        await using var server = await GrpcTestServer.StartAsync(options => options.IgnoreUnknownServices = true);
        using var http = new HttpClient();
        using var unknown = await http.SendAsync(RawCall.Request(server.Address, "/no.Service/Echo", []));
        using var known = await http.SendAsync(RawCall.Request(server.Address, "/grpctest.v1.EchoService/No", []));

        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        Assert.Equal("12", RawCall.Status(known));
    }

    [Fact]
    public async Task Map_EveryMethod_EndpointNamesIt()
    {
        await using var server = await GrpcTestServer.StartAsync();
        var endpoints = server.Services.GetRequiredService<EndpointDataSource>().Endpoints;

        var echo = endpoints.Single(endpoint => endpoint.DisplayName == "gRPC - /grpctest.v1.EchoService/Echo");
        var metadata = echo.Metadata.GetRequiredMetadata<GrpcMethodMetadata>();
        Assert.Equal((typeof(Infrastructure.EchoService), "Echo"), (metadata.ServiceType, metadata.Method.Name));
        Assert.NotNull(echo.Metadata.GetMetadata<MarkerAttribute>());
    }

    [Fact]
    public void MapGrpcService_WithoutAddGrpc_SaysSo()
    {
        using var app = WebApplication.CreateSlimBuilder().Build();

        Assert.Contains("AddGrpc", Assert.Throws<InvalidOperationException>(() => app.MapGrpcService<Infrastructure.EchoService>()).Message, StringComparison.Ordinal);
    }

    private static Task<GrpcTestServer> StartAsync<TService>(Action<IServiceCollection>? configure = null)
        where TService : class => GrpcTestServer.StartAsync<TService>(configure: builder => configure?.Invoke(builder.Services));

    [AttributeUsage(AttributeTargets.Method)]
    public sealed class MarkerAttribute : Attribute;

    public sealed class Counter
    {
        private int _made;
        private int _disposed;

        public int Made => _made;

        public int Disposed => _disposed;

        public void Make() => Interlocked.Increment(ref _made);

        public void Dispose() => Interlocked.Increment(ref _disposed);
    }

    public sealed class CountingService : Echo.EchoService.EchoServiceBase, IDisposable
    {
        private readonly Counter _counter;

        public CountingService(Counter counter)
        {
            _counter = counter;
            counter.Make();
        }

        public override Task<EchoResponse> Echo(EchoRequest request, ServerCallContext context) => Task.FromResult(new EchoResponse());

        public void Dispose() => _counter.Dispose();
    }

    public sealed class ContextService : Echo.EchoService.EchoServiceBase
    {
        public override async Task<EchoResponse> Echo(EchoRequest request, ServerCallContext context)
        {
            await context.WriteResponseHeadersAsync([]);
            var again = await Record.ExceptionAsync(() => context.WriteResponseHeadersAsync([]));
            var http = context.GetHttpContext();
            context.UserState["key"] = "value";
            return new EchoResponse
            {
                Text = $"{context.Method} {context.Host} {context.Peer[..context.Peer.LastIndexOf(':')]} {http.Request.Protocol} "
                    + $"{context.Deadline.Year} {context.AuthContext.IsPeerAuthenticated} {(again is InvalidOperationException ? "again" : "")}",
            };
        }
    }

    public sealed class LateWriterService : Echo.EchoService.EchoServiceBase
    {
        public static IServerStreamWriter<EchoResponse>? Writer { get; private set; }

        public override Task Expand(EchoRequest request, IServerStreamWriter<EchoResponse> responseStream, ServerCallContext context)
        {
            Writer = responseStream;
            return Task.CompletedTask;
        }
    }

    public sealed class BadTrailerService : Echo.EchoService.EchoServiceBase
    {
        public override Task<EchoResponse> Echo(EchoRequest request, ServerCallContext context)
        {
            context.ResponseTrailers.Add("x-bad", "a\r\nb");
            return Task.FromResult(new EchoResponse());
        }
    }

    public sealed class NullService : Echo.EchoService.EchoServiceBase
    {
        public override Task<EchoResponse> Echo(EchoRequest request, ServerCallContext context) => Task.FromResult<EchoResponse>(null!);
    }
}
