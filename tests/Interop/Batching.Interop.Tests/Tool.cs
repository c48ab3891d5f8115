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

    /// <summary>The packages of <c>tests/Interop/openai/package.json</c>.</summary>
    OpenAiPackages,

    /// <summary>The packages of <c>tests/Interop/anthropic/package.json</c>.</summary>
    AnthropicPackages,

    /// <summary>The model server of <c>tests/Interop/embeddings</c>, built.</summary>
    EmbeddingServer,

    /// <summary>Debian's Python with gRPC, Protocol Buffers and their compiler.</summary>
    Python,

    /// <summary>What generates stubs of gRPC for Python.</summary>
    PythonStubs,

    /// <summary>Debian's jq.</summary>
    Jq,

    /// <summary>Debian's Go with gRPC, and what generates code for both.</summary>
    Go,

    /// <summary><c>buf</c> from <c>tests/Interop/tools/package.json</c>.</summary>
    Buf,

    /// <summary>A RabbitMQ that can be started, and Python to drive it.</summary>
    RabbitMq,

    /// <summary>Debian's nginx, HAProxy and Caddy.</summary>
    Proxies,

    /// <summary>json-server from <c>tests/Interop/json-server/package.json</c>.</summary>
    JsonServer,

    /// <summary>pouchdb-server from <c>tests/Interop/pouchdb/package.json</c>.</summary>
    PouchDbServer,

    /// <summary>Debian's docker-registry.</summary>
    DockerRegistry,

    /// <summary>Debian's etcd.</summary>
    Etcd,

    /// <summary>Debian's nats-server.</summary>
    Nats,

    /// <summary>Debian's Django REST framework.</summary>
    DjangoRestFramework,

    /// <summary>curl and bash.</summary>
    Curl,

    /// <summary>What checks the units of systemd; systemd itself need not run.</summary>
    Systemd,

    /// <summary>Redocly from <c>tests/Interop/openapi/package.json</c>.</summary>
    Redocly,
}
