using Grpc.Core;
using Grpc.Reflection.V1;

namespace Grpc.AspNetCore.Server.Reflection.Internal;

internal sealed class ReflectionService(DescriptorIndexSource source) : ServerReflection.ServerReflectionBase
{
    public override async Task ServerReflectionInfo(
        IAsyncStreamReader<ServerReflectionRequest> requestStream,
        IServerStreamWriter<ServerReflectionResponse> responseStream,
        ServerCallContext context)
    {
        var session = new ReflectionSession(source.Index);
        while (await requestStream.MoveNext(context.CancellationToken))
        {
            await responseStream.WriteAsync(session.Answer(requestStream.Current));
        }
    }
}
