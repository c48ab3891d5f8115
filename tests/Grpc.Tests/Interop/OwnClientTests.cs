using Google.Protobuf;
using Grpc.Core;
using Grpc.Tests.Echo;
using Grpc.Tests.Infrastructure;

namespace Grpc.Tests.Interop;

/// <summary>The table of cases with our own client.</summary>
public sealed class OwnClientTests
{
    public static TheoryData<string> Names => new(InteropCase.Load().Select(static test => test.Name));

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Case_OwnClient_AsExpected(string name)
    {
        var test = InteropCase.Load().Single(candidate => candidate.Name == name);
        await using var server = await GrpcTestServer.StartAsync();
        server.ExpectErrors = true;
        var requests = test.Requests
            .Select(request => new JsonParser(JsonParser.Settings.Default).Parse<EchoRequest>(request.GetRawText()))
            .ToList();
        if (test.PayloadSize > 0)
        {
            requests[0].Payload = ByteString.CopyFrom(new byte[test.PayloadSize]);
        }

        using var cancellation = new CancellationTokenSource(
            test.CancelAfterMs is { } after ? TimeSpan.FromMilliseconds(after) : Timeout.InfiniteTimeSpan, TimeProvider.System);
        var headers = new Metadata();
        foreach (var entry in test.Metadata)
        {
            headers.Add(Entry(entry));
        }

        if (test.Compression is not null)
        {
            headers.Add("grpc-internal-encoding-request", test.Compression);
        }

        var options = new CallOptions(
            headers,
            test.TimeoutMs is { } timeout ? TimeProvider.System.GetUtcNow().UtcDateTime.AddMilliseconds(timeout) : null,
            cancellation.Token);
        var responses = new List<EchoResponse>();
        var status = Status.DefaultSuccess;
        var trailers = Metadata.Empty;
        using var call = server.Channel.CreateCallInvoker().AsyncDuplexStreamingCall(MethodOf(test), null, options);
        try
        {
            foreach (var request in requests)
            {
                await call.RequestStream.WriteAsync(request);
            }

            await call.RequestStream.CompleteAsync();
            await foreach (var response in call.ResponseStream.ReadAllAsync())
            {
                responses.Add(response);
            }

            trailers = call.GetTrailers();
        }
        catch (RpcException exception)
        {
            (status, trailers) = (exception.Status, exception.Trailers);
        }

        Assert.Equal(test.Expect.Code.Replace("_", "", StringComparison.Ordinal), status.StatusCode.ToString(), ignoreCase: true);
        Assert.Equal(test.Expect.Message ?? status.Detail, status.Detail);
        Assert.Equal(test.Expect.Texts ?? responses.Select(response => response.Text), responses.Select(response => response.Text));
        Assert.Equal(test.Expect.Count ?? responses.Count, responses.Count);
        Assert.All(responses, response => Assert.Equal(test.Expect.PayloadSize ?? response.Payload.Length, response.Payload.Length));
        Assert.All(responses, response => Assert.Equal(test.Expect.ReceivedSize ?? response.ReceivedSize, response.ReceivedSize));
        if (test.Expect.Headers.Count > 0)
        {
            AssertEntries(test.Expect.Headers, await call.ResponseHeadersAsync);
        }

        AssertEntries(test.Expect.Trailers, trailers);
        if (test.Expect.Reason is { } reason)
        {
            Assert.Equal(reason, trailers.GetRpcStatus()!.Details[0].Unpack<Google.Rpc.ErrorInfo>().Reason);
        }
    }

    // The frames are the same for all kinds of calls, so a duplex call makes any of them.
    private static Method<EchoRequest, EchoResponse> MethodOf(InteropCase test) => new(
        MethodType.DuplexStreaming,
        test.Service,
        test.Method,
        Marshallers.Create(static message => message.ToByteArray(), EchoRequest.Parser.ParseFrom),
        Marshallers.Create(static message => message.ToByteArray(), EchoResponse.Parser.ParseFrom));

    private static Metadata.Entry Entry(string[] entry) => entry[0].EndsWith("-bin", StringComparison.Ordinal)
        ? new Metadata.Entry(entry[0], Convert.FromBase64String(entry[1]))
        : new Metadata.Entry(entry[0], entry[1]);

    private static void AssertEntries(IReadOnlyList<string[]> expected, Metadata actual)
    {
        foreach (var entry in expected)
        {
            Assert.Equal(Entry(entry).ValueBytes, actual.Get(entry[0])?.ValueBytes);
        }
    }
}
