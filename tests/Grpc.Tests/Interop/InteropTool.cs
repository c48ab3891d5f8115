namespace Grpc.Tests.Interop;

/// <summary>What a client in another language needs on the machine.</summary>
public enum InteropTool
{
    /// <summary>Node.js with the packages of <c>tests/Interop/grpc</c>.</summary>
    Node,

    /// <summary>Debian's Python with gRPC.</summary>
    Python,

    /// <summary>Debian's Go with gRPC, in GOPATH mode.</summary>
    Go,

    /// <summary>buf from the packages of <c>tests/Interop/grpc</c>.</summary>
    Buf,
}
