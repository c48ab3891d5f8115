using System.Net;
using System.Security.Cryptography.X509Certificates;
using Batching.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Net.Client.Web;

namespace Batching.Interop.Tests.DotNet;

/// <summary>Grpc.Net.Client as applications use it, with a credential that nobody used before.</summary>
internal sealed class GatewayClient : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly HttpMessageHandler _handler;

    /// <param name="endpoint">What to connect to.</param>
    /// <param name="transport">The way.</param>
    /// <param name="timeout">The deadline of each call as the protocol writes it, if only the server is to know of it.</param>
    public GatewayClient(Endpoint endpoint, Transport transport, string? timeout = null)
    {
        var sockets = new SocketsHttpHandler();
        sockets.SslOptions.CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            CustomTrustStore = { X509CertificateLoader.LoadCertificateFromFile(endpoint.RootFile) },
            RevocationMode = X509RevocationMode.NoCheck,
        };
        var http = new TimeoutField(timeout, sockets);
        _handler = transport switch
        {
            Transport.Cleartext or Transport.Tls => http,
            Transport.WebTextHttp1 => new GrpcWebHandler(GrpcWebMode.GrpcWebText, http),
            _ => new GrpcWebHandler(GrpcWebMode.GrpcWeb, http),
        };
        Channel = GrpcChannel.ForAddress(endpoint.Url, new GrpcChannelOptions
        {
            HttpHandler = _handler,
            HttpVersion = transport is Transport.WebHttp1 or Transport.WebTextHttp1 ? HttpVersion.Version11 : HttpVersion.Version20,
            HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        });
    }

    public GrpcChannel Channel { get; }

    public BatchService.BatchServiceClient Batches => new(Channel);

    public KeyedBatchService.KeyedBatchServiceClient Keyed => new(Channel);

    /// <summary>What the calls carry as <c>authorization</c>.</summary>
    public string Authorization { get; init; } = $"Bearer dotnet-{Guid.NewGuid()}";

    /// <summary>Connects, in the way that the transport says.</summary>
    /// <param name="server">What to.</param>
    /// <param name="transport">The way.</param>
    /// <param name="timeout">The deadline of each call as the protocol writes it, if only the server is to know of it.</param>
    public static async Task<GatewayClient> ConnectAsync(ServerProcess server, Transport transport, string? timeout) => new(
        await server.EndpointAsync(transport is Transport.Tls or Transport.WebTls ? Uri.UriSchemeHttps : Uri.UriSchemeHttp),
        transport,
        timeout);

    /// <summary>The options of a call with the credential, more header fields, and a deadline.</summary>
    public CallOptions Options(TimeSpan? timeout = null, params (string Name, string Value)[] fields)
    {
        var headers = new Metadata { { "authorization", Authorization } };
        foreach (var (name, value) in fields)
        {
            headers.Add(name, value);
        }

        return new CallOptions(headers, TimeProvider.System.GetUtcNow().UtcDateTime + (timeout ?? Patience));
    }

    public async Task<Batch> CreateAsync(IEnumerable<Request> requests, CallOptions? options = null) =>
        (await Batches.CreateBatchAsync(new CreateBatchRequest { Requests = { requests } }, options ?? Options())).Batch;

    public async Task<Batch> StatusAsync(string id, bool detailed = false) =>
        (await Batches.GetBatchStatusAsync(new GetBatchStatusRequest { BatchId = id, Detailed = detailed }, Options())).Batch;

    /// <summary>Asks again and again until no request is running.</summary>
    public async Task<Batch> WaitUntilDoneAsync(string id)
    {
        using var deadline = new CancellationTokenSource(Patience, TimeProvider.System);
        while (true)
        {
            if (await StatusAsync(id, detailed: true) is { RunningRequests: 0 } batch)
            {
                return batch;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, deadline.Token);
        }
    }

    /// <summary>Everything that a stream of results gives.</summary>
    public async Task<List<FetchResultsResponse>> ResultsAsync(FetchResultsRequest request)
    {
        using var call = Batches.FetchResults(request, Options());
        return await call.ResponseStream.ReadAllAsync().ToListAsync();
    }

    /// <summary>Submits one call that is echoed, and gives the echo.</summary>
    public async Task<Struct> EchoAsync(Request request, CallOptions options)
    {
        var batch = await CreateAsync([request], options);
        await WaitUntilDoneAsync(batch.Id);
        var page = await Batches.FetchBatchAsync(
            new FetchBatchRequest { BatchId = batch.Id, RequestIds = { batch.Requests[0].Id } }, options);
        var response = page.Batch.Requests[0].Response;
        Assert.Equal(200, response.StatusCode);

        // What is larger than a client accepts by default comes by a call of its own.
        Assert.Equal(response.Size > 4 << 20, response.BodyOmitted);
        var body = response.Body;
        if (response.BodyOmitted)
        {
            Assert.Empty(body);
            body = await BodyAsync(batch, 0);
            var half = (int)(response.Size / 2);
            Assert.Equal(ByteString.CopyFrom(body.Span[half..]), await BodyAsync(batch, half));
        }

        Assert.Equal(response.Size, body.Length);
        return Struct.Parser.ParseJson(body.ToStringUtf8());
    }

    /// <summary>Sends a batch in several messages.</summary>
    public async Task<Batch> UploadAsync(params IEnumerable<Request>[] messages)
    {
        using var call = Batches.UploadBatch(Options());
        foreach (var requests in messages)
        {
            await call.RequestStream.WriteAsync(new UploadBatchRequest { Requests = { requests } });
        }

        await call.RequestStream.CompleteAsync();
        return (await call).Batch;
    }

    /// <summary>The detail of an error that names what is not there.</summary>
    public static async Task<ResourceInfo> NotFoundAsync(Func<Task> call)
    {
        var error = await Assert.ThrowsAsync<RpcException>(call);
        Assert.Equal(StatusCode.NotFound, error.StatusCode);
        return error.GetRpcStatus()!.GetDetail<ResourceInfo>()!;
    }

    /// <summary>The fields that an error names as wrong.</summary>
    public static async Task<IEnumerable<string>> InvalidAsync(Func<Task> call)
    {
        var error = await Assert.ThrowsAsync<RpcException>(call);
        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        var status = error.GetRpcStatus()!;
        Assert.Equal(error.Status.Detail, status.Message);
        return status.GetDetail<BadRequest>()!.FieldViolations.Select(violation => violation.Field);
    }

    public void Dispose()
    {
        Channel.Dispose();
        _handler.Dispose();
    }

    // The body of the first response, from an offset on.
    private async Task<ByteString> BodyAsync(Batch batch, long offset)
    {
        using var call = Batches.ReadBody(
            new ReadBodyRequest { BatchId = batch.Id, RequestId = batch.Requests[0].Id, Offset = offset }, Options());
        var chunks = await call.ResponseStream.ReadAllAsync().ToListAsync();
        var body = ByteString.CopyFrom([.. chunks.SelectMany(one => one.Chunk)]);
        Assert.All(chunks, one => Assert.InRange(one.Chunk.Length, 0, 1 << 20));
        Assert.All(chunks, one => Assert.Equal(offset + body.Length, one.Size));
        return body;
    }
}
