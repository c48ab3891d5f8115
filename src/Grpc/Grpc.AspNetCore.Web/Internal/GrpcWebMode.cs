namespace Grpc.AspNetCore.Web.Internal;

internal enum GrpcWebMode
{
    None,

    /// <summary><c>application/grpc-web</c>: frames as they are.</summary>
    Binary,

    /// <summary><c>application/grpc-web-text</c>: frames in base64.</summary>
    Text,
}
