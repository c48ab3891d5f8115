namespace Grpc.AspNetCore.JsonTranscoding;

/// <summary>How gRPC methods are served as JSON over HTTP.</summary>
public sealed class JsonTranscodingOptions
{
    /// <summary>How messages are read and written; the defaults are canonical proto3 JSON.</summary>
    public ProtoJsonSettings Json { get; set; } = new();

    /// <summary>Paths and services with a JSON form of their own. Everything else is canonical proto3 JSON.</summary>
    public DialectMap Dialects { get; } = new();
}
