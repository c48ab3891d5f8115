namespace Batching.Interop.Tests;

/// <summary>What a client in another language needs on the machine.</summary>
public enum Tool
{
    /// <summary>Node.js, 20 or later.</summary>
    Node,

    /// <summary>The packages of <c>tests/Interop/batch/package.json</c>.</summary>
    NodePackages,

    /// <summary>The packages of <c>tests/Interop/deskpro/package.json</c>.</summary>
    DeskproPackages,

    /// <summary>Debian's Python with gRPC, Protocol Buffers and their compiler.</summary>
    Python,

    /// <summary>Debian's Go with gRPC, and what generates code for both.</summary>
    Go,

    /// <summary><c>buf</c> from <c>tests/Interop/tools/package.json</c>.</summary>
    Buf,

    /// <summary>A RabbitMQ that can be started, and Python to drive it.</summary>
    RabbitMq,
}
