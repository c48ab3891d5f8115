using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;

namespace Grpc.AspNetCore.Web.Internal;

internal sealed class Base64RequestBody(PipeReader encoded) : IRequestBodyPipeFeature
{
    public PipeReader Reader { get; } = PipeReader.Create(new Base64DecodingStream(encoded));
}
