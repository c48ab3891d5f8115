namespace Batching.Interop.Tests.DotNet;

/// <summary>Tests that each transport has to pass. Behind each, the server's log must hold no error.</summary>
[Collection(DotNetServer.Name)]
public abstract class TransportTests(ServerProcess server) : IAsyncLifetime
{
    public static TheoryData<Transport> All => new(Enum.GetValues<Transport>());

    /// <summary>
    /// Those on which a client may send several messages. In base64 gRPC-Web has no such calls, and Grpc.AspNetCore.Web
    /// 2.85.0 takes the end of a message that needs no padding for the end of them all.
    /// </summary>
    public static TheoryData<Transport> ClientStreaming => new(Enum.GetValues<Transport>().Except([Transport.WebTextHttp1]));

    /// <summary>Those on which client and server can talk at the same time.</summary>
    public static TheoryData<Transport> Http2 => [Transport.Cleartext, Transport.Tls, Transport.WebHttp2, Transport.WebTls];

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync()
    {
        server.AssertNoErrors();
        return Task.CompletedTask;
    }

    private protected Task<GatewayClient> ConnectAsync(Transport transport, string? timeout = null) =>
        GatewayClient.ConnectAsync(server, transport, timeout);
}
