using Google.Protobuf;
using Grpc.Core;
using Grpc.Tests.Echo;
using Grpc.Tests.Infrastructure;

namespace Grpc.Tests.Server;

/// <summary>A deadline that passes while a reply is put into the buffer: the call ends with a status all the same.</summary>
public sealed class DeadlineWhileBufferingTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMilliseconds(100);

    [Fact]
    public async Task Reply_DeadlinePassesMeanwhile_EndsWithStatus()
    {
        await using var server = await GrpcTestServer.StartAsync<SlowReplyService>();
        using var http = new HttpClient();
        using var request = RawCall.Request(
            server.Address, "/slow.Reply/Echo", RawCall.Frame(new EchoRequest()), headers: ("grpc-timeout", $"{Deadline.TotalMilliseconds:0}m"));

        using var response = await http.SendAsync(request);
        await response.Content.ReadAsByteArrayAsync();

        Assert.True(SlowReplyService.Serialized);
        Assert.True(RawCall.Status(response) is "0" or "4", $"status: {RawCall.Status(response)}");
    }

    public static class SlowReply
    {
        private static readonly Method<EchoRequest, EchoResponse> Echo = new(
            MethodType.Unary,
            "slow.Reply",
            "Echo",
            Marshallers.Create(message => message.ToByteArray(), EchoRequest.Parser.ParseFrom),
            Marshallers.Create(Serialize, EchoResponse.Parser.ParseFrom));

        public static void BindService(ServiceBinderBase binder, ServiceBase? service) =>
            binder.AddMethod(Echo, service is null ? null! : new UnaryServerMethod<EchoRequest, EchoResponse>(service.Echo));

        private static byte[] Serialize(EchoResponse message)
        {
            // A timer that is due later has run, and so has the deadline's, however busy the thread pool is.
            using var isOver = new ManualResetEventSlim();
            using var timer = TimeProvider.System.CreateTimer(_ => isOver.Set(), null, 2 * Deadline, Timeout.InfiniteTimeSpan);
            isOver.Wait();
            SlowReplyService.Serialized = true;
            return message.ToByteArray();
        }

        [BindServiceMethod(typeof(SlowReply), nameof(BindService))]
        public abstract class ServiceBase
        {
            public abstract Task<EchoResponse> Echo(EchoRequest request, ServerCallContext context);
        }
    }

    public sealed class SlowReplyService : SlowReply.ServiceBase
    {
        public static bool Serialized { get; set; }

        public override Task<EchoResponse> Echo(EchoRequest request, ServerCallContext context) =>
            Task.FromResult(new EchoResponse { Text = "late" });
    }
}
