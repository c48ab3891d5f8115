using Google.Api;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Transcoding.Test.V1;
using Status = Grpc.Core.Status;

namespace Grpc.JsonTranscoding.Tests.Infrastructure;

/// <summary>Answers as the request asks it to, and lets tests see and steer what happens inside.</summary>
internal sealed class EchoService(CallProbe probe) : Echo.EchoBase
{
    public override async Task<CallReply> Unary(CallRequest request, ServerCallContext context)
    {
        probe.Started.TrySetResult();
        await PrepareAsync(request, context);
        await WaitAsync(request, context);
        Fail(request, context);
        return request.NullReply ? null! : Reply(request, context, 0);
    }

    public override async Task Stream(
        CallRequest request, IServerStreamWriter<CallReply> responseStream, ServerCallContext context)
    {
        await PrepareAsync(request, context);
        if (request.Buffer)
        {
            responseStream.WriteOptions = new WriteOptions(WriteFlags.BufferHint);
        }

        for (var i = 0; i < request.Count; i++)
        {
            await responseStream.WriteAsync(Reply(request, context, i), context.CancellationToken);
        }

        probe.Started.TrySetResult();
        await WaitAsync(request, context);
        Fail(request, context);
    }

    public override Task<HttpBody> Raw(RawRequest request, ServerCallContext context) =>
        Task.FromResult(request.File ?? new HttpBody { Data = ByteString.CopyFromUtf8(request.Name) });

    public override Task<RawRequest> RawWhole(HttpBody request, ServerCallContext context) =>
        Task.FromResult(new RawRequest { Name = request.ContentType, File = request });

    public override async Task RawStream(
        RawRequest request, IServerStreamWriter<HttpBody> responseStream, ServerCallContext context)
    {
        foreach (var c in request.Name)
        {
            await responseStream.WriteAsync(
                new HttpBody { ContentType = "text/plain", Data = ByteString.CopyFromUtf8(c + "\n") }, context.CancellationToken);
        }
    }

    private static async Task PrepareAsync(CallRequest request, ServerCallContext context)
    {
        if (request.Headers)
        {
            await context.WriteResponseHeadersAsync(new Metadata
            {
                { "x-reply", "one" },
                { "x-reply", "two" },
                { "x-reply-bin", [1, 2, 255] },
                { "content-type", "text/bogus" },
            });
        }

        if (request.Trailers)
        {
            context.ResponseTrailers.Add("x-trailer", "after");
        }
    }

    private async Task WaitAsync(CallRequest request, ServerCallContext context)
    {
        if (!request.Wait)
        {
            return;
        }

        try
        {
            await (request.IgnoreCancellation
                ? probe.Release.Task
                : Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.CancellationToken));
        }
        finally
        {
            probe.Ended.TrySetResult(context.CancellationToken.IsCancellationRequested);
        }
    }

    private static void Fail(CallRequest request, ServerCallContext context)
    {
        if (request.Throw)
        {
            throw new InvalidOperationException("secret");
        }

        if (request.SetStatus)
        {
            context.Status = new Status((StatusCode)request.FailCode, request.FailMessage);
        }
        else if (request.FailWithDetails)
        {
            throw new Google.Rpc.Status
            {
                Code = request.FailCode,
                Message = request.FailMessage,
                Details =
                {
                    Any.Pack(new RequestInfo { RequestId = "r1" }),
                    Any.Pack(new RetryInfo { RetryDelay = new Duration { Seconds = 1, Nanos = 1 } }),
                    new Any { TypeUrl = "type.googleapis.com/un.Known", Value = ByteString.CopyFrom(1, 2) },
                },
            }.ToRpcException();
        }
        else if (request.FailCode != 0)
        {
            throw new RpcException(new Status((StatusCode)request.FailCode, request.FailMessage), new Metadata { { "x-failed", "yes" } });
        }
    }

    private static CallReply Reply(CallRequest request, ServerCallContext context, int index)
    {
        var reply = new CallReply { Text = request.Text + new string('x', request.Size), Index = index };
        foreach (var entry in context.RequestHeaders)
        {
            if (entry.Key.StartsWith("x-", StringComparison.Ordinal))
            {
                reply.Headers[entry.Key] = entry.IsBinary ? Convert.ToHexString(entry.ValueBytes) : entry.Value;
            }
        }

        if (request.UnknownAny)
        {
            reply.Any = new Any { TypeUrl = "type.googleapis.com/un.Known" };
        }

        return reply;
    }
}
