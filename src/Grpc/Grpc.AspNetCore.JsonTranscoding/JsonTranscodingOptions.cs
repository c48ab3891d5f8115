namespace Grpc.AspNetCore.JsonTranscoding;

/// <summary>How gRPC methods are served as JSON over HTTP.</summary>
public sealed class JsonTranscodingOptions
{
    /// <summary>How messages are read and written; the defaults are canonical proto3 JSON.</summary>
    public ProtoJsonSettings Json { get; set; } = new();

    /// <summary>
    /// The most memory that the message made of a JSON body may take, in bytes, estimated from the body before; a body that
    /// takes more is answered with 413. Very many very small values take up to 200 times their bytes. Null, the default, is
    /// no limit.
    /// </summary>
    public long? MaxRequestBodyMemory { get; set; }

    /// <summary>Paths and services with a JSON form of their own. Everything else is canonical proto3 JSON.</summary>
    public DialectMap Dialects { get; } = new();
}
