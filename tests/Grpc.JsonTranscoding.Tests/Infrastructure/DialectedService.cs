using Grpc.Core;
using Transcoding.Test.V1;

namespace Grpc.JsonTranscoding.Tests.Infrastructure;

internal sealed class DialectedService : Dialected.DialectedBase
{
    public override Task<CallReply> List(CallRequest request, ServerCallContext context)
    {
        if (request.FailCode != 0)
        {
            throw new RpcException(new Status((StatusCode)request.FailCode, request.FailMessage));
        }

        return Task.FromResult(new CallReply { Text = request.Text, Texts = { request.Texts } });
    }

    public override async Task Watch(
        CallRequest request, IServerStreamWriter<CallReply> responseStream, ServerCallContext context)
    {
        for (var i = 0; i < request.Count; i++)
        {
            await responseStream.WriteAsync(new CallReply { Text = request.Text, Index = i }, context.CancellationToken);
        }

        if (request.FailCode != 0)
        {
            throw new RpcException(new Status((StatusCode)request.FailCode, request.FailMessage));
        }
    }
}
