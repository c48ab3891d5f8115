using Grpc.Core;
using Transcoding.Test.V1;

namespace Grpc.JsonTranscoding.Tests.Infrastructure;

/// <summary>Gives back the message that a request was bound to.</summary>
internal sealed class BindingService : Transcoding.Test.V1.Binding.BindingBase
{
    public override Task<Everything> Get(Everything request, ServerCallContext context) => Task.FromResult(request);

    public override Task<Everything> GetTyped(Everything request, ServerCallContext context) => Task.FromResult(request);

    public override Task<Everything> Post(Everything request, ServerCallContext context) => Task.FromResult(request);

    public override Task<Everything> PutField(Everything request, ServerCallContext context) => Task.FromResult(request);

    public override Task<Everything> ReplyField(Everything request, ServerCallContext context) => Task.FromResult(request);

    public override Task<Everything> Methods(Everything request, ServerCallContext context)
    {
        request.Names.Add(context.GetHttpContext().Request.Method);
        return Task.FromResult(request);
    }
}
