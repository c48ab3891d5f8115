using Google.Protobuf.Reflection;

namespace Grpc.AspNetCore.JsonTranscoding;

/// <summary>How <see cref="ProtoJson"/> reads and writes; the defaults are canonical proto3 JSON.</summary>
public sealed record ProtoJsonSettings
{
    /// <summary>
    /// Whether members that the message doesn't know are skipped; else they are errors. Default true.
    /// </summary>
    public bool IgnoreUnknownFields { get; init; } = true;

    /// <summary>Whether fields without presence are written even when they hold their default. Default false.</summary>
    public bool WriteDefaultValues { get; init; }

    /// <summary>Whether enums are written as numbers. Default false.</summary>
    public bool WriteEnumsAsIntegers { get; init; }

    /// <summary>
    /// Whether names are written as in the .proto file instead of in lower camel case. Both are read. Default
    /// false.
    /// </summary>
    public bool PreserveProtoFieldNames { get; init; }

    /// <summary>How deep objects and arrays may nest when reading. Default 100, as binary protobuf.</summary>
    public int MaxDepth { get; init; } = 100;

    /// <summary>
    /// Types that an <c>Any</c> may hold, beside those of the transcoded services' files and of the
    /// files they import, which are known by themselves. Default empty.
    /// </summary>
    public TypeRegistry TypeRegistry { get; init; } = TypeRegistry.Empty;
}
