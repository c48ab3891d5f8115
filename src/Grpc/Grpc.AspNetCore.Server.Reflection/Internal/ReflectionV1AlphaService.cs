using Google.Protobuf;
using Grpc.Core;
using Grpc.Reflection.V1alpha;

namespace Grpc.AspNetCore.Server.Reflection.Internal;

/// <summary>The older version, which many tools still ask first. Its messages are the same on the wire, so they are converted there.</summary>
internal sealed class ReflectionV1AlphaService(DescriptorIndexSource source) : ServerReflection.ServerReflectionBase
{
    public override async Task ServerReflectionInfo(
        IAsyncStreamReader<ServerReflectionRequest> requestStream,
        IServerStreamWriter<ServerReflectionResponse> responseStream,
        ServerCallContext context)
    {
        var session = new ReflectionSession(source.Index);
        while (await requestStream.MoveNext(context.CancellationToken))
        {
            var request = Grpc.Reflection.V1.ServerReflectionRequest.Parser.ParseFrom(requestStream.Current.ToByteString());
            var response = session.Answer(request);
            await responseStream.WriteAsync(ServerReflectionResponse.Parser.ParseFrom(response.ToByteString()));
        }
    }
}
