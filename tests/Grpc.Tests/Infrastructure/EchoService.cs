using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Tests.Echo;

namespace Grpc.Tests.Infrastructure;

/// <summary>Does what the requests say.</summary>
public sealed class EchoService(CallProbe probe, TimeProvider timeProvider) : Echo.EchoService.EchoServiceBase
{
    private const int MaxResponseSize = 64 * 1024 * 1024;

    [Server.ServiceTests.Marker]
    public override async Task<EchoResponse> Echo(EchoRequest request, ServerCallContext context)
    {
        await PrepareAsync(request, context);
        ThrowIfAsked(request);
        return Answer(request, 0);
    }

    public override async Task Expand(
        EchoRequest request,
        IServerStreamWriter<EchoResponse> responseStream,
        ServerCallContext context)
    {
        await PrepareAsync(request, context);
        if (request.BufferHint)
        {
            responseStream.WriteOptions = new WriteOptions(WriteFlags.BufferHint);
        }

        try
        {
            for (var i = 0; i < request.Count; i++)
            {
                await responseStream.WriteAsync(Answer(request, i));
                probe.Wrote();
            }
        }
        catch (OperationCanceledException)
        {
            probe.Cancelled.TrySetResult();
            throw;
        }

        ThrowIfAsked(request);
    }

    public override async Task<EchoResponse> Collect(IAsyncStreamReader<EchoRequest> requestStream, ServerCallContext context)
    {
        var texts = new List<string>();
        var size = 0;
        EchoRequest? first = null;
        while (await requestStream.MoveNext(context.CancellationToken))
        {
            var request = requestStream.Current;
            if (first is null)
            {
                first = request;
                await PrepareAsync(request, context);
                ThrowIfAsked(request);
            }

            texts.Add(request.Text);
            size += request.Payload.Length;
        }

        var response = Answer(first ?? new EchoRequest(), 0);
        response.Text = string.Join(',', texts);
        response.ReceivedSize = size;
        return response;
    }

    public override async Task Chat(
        IAsyncStreamReader<EchoRequest> requestStream,
        IServerStreamWriter<EchoResponse> responseStream,
        ServerCallContext context)
    {
        for (var i = 0; await requestStream.MoveNext(context.CancellationToken); i++)
        {
            var request = requestStream.Current;
            if (i > 0)
            {
                // Headers go once.
                request.EchoMetadata = false;
            }

            await PrepareAsync(request, context);
            await responseStream.WriteAsync(Answer(request, i));
            ThrowIfAsked(request);
        }
    }

    private static EchoResponse Answer(EchoRequest request, int index) => new()
    {
        Text = request.Text,
        Index = index,
        Payload = request.ResponseSize == 0 ? ByteString.Empty : UnsafeByteOperations.UnsafeWrap(new byte[request.ResponseSize]),
        ReceivedSize = request.Payload.Length,
    };

    private static void ThrowIfAsked(EchoRequest request)
    {
        if (request.ThrowMessage.Length > 0)
        {
            throw new InvalidDataException(request.ThrowMessage);
        }

        if (request.ErrorCode == 0)
        {
            return;
        }

        if (request.ErrorReason.Length == 0)
        {
            throw new RpcException(new Core.Status((StatusCode)request.ErrorCode, request.ErrorMessage));
        }

        // The package calls field 1 by its old name, "type"; on the wire it is today's "reason".
        var status = new Google.Rpc.Status { Code = request.ErrorCode, Message = request.ErrorMessage };
        status.Details.Add(Any.Pack(new Google.Rpc.ErrorInfo { Reason = request.ErrorReason, Domain = "grpctest" }));
        throw status.ToRpcException();
    }

    private static async Task EchoMetadataAsync(ServerCallContext context)
    {
        var headers = new Metadata();
        foreach (var entry in context.RequestHeaders.Where(entry => entry.Key.StartsWith("x-", StringComparison.Ordinal)))
        {
            headers.Add(entry);
            context.ResponseTrailers.Add(entry.IsBinary
                ? new Metadata.Entry(entry.Key.Replace("-bin", "-trailer-bin", StringComparison.Ordinal), entry.ValueBytes)
                : new Metadata.Entry(entry.Key + "-trailer", entry.Value));
        }

        await context.WriteResponseHeadersAsync(headers);
    }

    private async Task PrepareAsync(EchoRequest request, ServerCallContext context)
    {
        if (request.ResponseSize is < 0 or > MaxResponseSize)
        {
            throw new RpcException(new Core.Status(StatusCode.InvalidArgument, "response_size is out of range."));
        }

        if (request.EchoMetadata)
        {
            await EchoMetadataAsync(context);
        }

        if (request.SleepMs > 0)
        {
            probe.Sleeping.TrySetResult();
            try
            {
                await Task.Delay(
                    TimeSpan.FromMilliseconds(request.SleepMs),
                    timeProvider,
                    request.IgnoreCancellation ? CancellationToken.None : context.CancellationToken);
            }
            catch (OperationCanceledException)
            {
                probe.Cancelled.TrySetResult();
                throw;
            }
        }
    }
}
