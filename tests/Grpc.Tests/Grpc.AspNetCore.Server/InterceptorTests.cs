using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Tests.Echo;
using Grpc.Tests.Infrastructure;
using Microsoft.Extensions.DependencyInjection;

namespace Grpc.Tests.Server;

public sealed class InterceptorTests
{
    [Fact]
    public async Task AllKinds_TwoInterceptors_OutermostFirst()
    {
        var journal = new Journal();
        await using var server = await GrpcTestServer.StartAsync(
            options =>
            {
                options.Interceptors.Add<JournalInterceptor>("all");
            },
            builder =>
            {
                builder.Services.AddSingleton(journal);
                builder.Services.AddGrpc().AddServiceOptions<Infrastructure.EchoService>(own => own.Interceptors.Add<JournalInterceptor>("own"));
            });

        await server.Client.EchoAsync(new EchoRequest());
        using var expand = server.Client.Expand(new EchoRequest { Count = 1 });
        await expand.ResponseStream.MoveNext(CancellationToken.None);
        using var collect = server.Client.Collect();
        await collect.RequestStream.CompleteAsync();
        await collect;
        using var chat = server.Client.Chat();
        await chat.RequestStream.CompleteAsync();
        await chat.ResponseStream.MoveNext(CancellationToken.None);

        Assert.Equal(
            ["all Echo", "own Echo", "all Expand", "own Expand", "all Collect", "own Collect", "all Chat", "own Chat"],
            journal.Lines);
    }

    [Fact]
    public async Task Unary_InterceptorRefuses_HandlerNotReached()
    {
        await using var server = await GrpcTestServer.StartAsync(options => options.Interceptors.Add<RefusingInterceptor>());

        var exception = await Assert.ThrowsAsync<RpcException>(async () => await server.Client.EchoAsync(new EchoRequest { SleepMs = 1 }));

        Assert.Equal(StatusCode.PermissionDenied, exception.StatusCode);
        Assert.False(server.Probe.Sleeping.Task.IsCompleted);
    }

    [Fact]
    public async Task Client_Intercepted_MetadataAdded()
    {
        await using var server = await GrpcTestServer.StartAsync();
        var client = new Echo.EchoService.EchoServiceClient(server.Channel.Intercept(metadata =>
        {
            metadata.Add("x-added", "1");
            return metadata;
        }));

        using var call = client.EchoAsync(new EchoRequest { EchoMetadata = true });

        Assert.Equal("1", (await call.ResponseHeadersAsync).GetValue("x-added"));
        await call;
    }

    public sealed class Journal
    {
        private readonly List<string> _lines = [];

        public IReadOnlyList<string> Lines => _lines;

        public void Add(string line)
        {
            lock (_lines)
            {
                _lines.Add(line);
            }
        }
    }

    public sealed class JournalInterceptor(Journal journal, string name) : Interceptor
    {
        public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
            TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
        {
            Note(context);
            return continuation(request, context);
        }

        public override Task ServerStreamingServerHandler<TRequest, TResponse>(
            TRequest request,
            IServerStreamWriter<TResponse> responseStream,
            ServerCallContext context,
            ServerStreamingServerMethod<TRequest, TResponse> continuation)
        {
            Note(context);
            return continuation(request, responseStream, context);
        }

        public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream,
            ServerCallContext context,
            ClientStreamingServerMethod<TRequest, TResponse> continuation)
        {
            Note(context);
            return continuation(requestStream, context);
        }

        public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream,
            IServerStreamWriter<TResponse> responseStream,
            ServerCallContext context,
            DuplexStreamingServerMethod<TRequest, TResponse> continuation)
        {
            Note(context);
            return continuation(requestStream, responseStream, context);
        }

        private void Note(ServerCallContext context) => journal.Add($"{name} {context.Method.Split('/')[^1]}");
    }

    public sealed class RefusingInterceptor : Interceptor
    {
        public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
            TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation) =>
            throw new RpcException(new Core.Status(StatusCode.PermissionDenied, "no"));
    }
}
