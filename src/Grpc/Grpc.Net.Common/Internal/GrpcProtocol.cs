namespace Grpc.Net.Internal;

/// <summary>Names of the gRPC over HTTP/2 specification.</summary>
internal static class GrpcProtocol
{
    public const string ContentType = "application/grpc";
    public const string Identity = "identity";

    public const string TimeoutHeader = "grpc-timeout";
    public const string EncodingHeader = "grpc-encoding";
    public const string AcceptEncodingHeader = "grpc-accept-encoding";
    public const string StatusTrailer = "grpc-status";
    public const string MessageTrailer = "grpc-message";

    /// <summary>Metadata by which a server handler or a client picks the encoding of its own messages.</summary>
    public const string RequestEncodingHeader = "grpc-internal-encoding-request";

    /// <summary>RST_STREAM code CANCEL (RFC 9113, section 7).</summary>
    public const int CancelErrorCode = 0x8;

    /// <summary>RST_STREAM code INTERNAL_ERROR (RFC 9113, section 7).</summary>
    public const int InternalErrorCode = 0x2;

    public static bool IsGrpcContentType(string? contentType) =>
        contentType is not null
        && contentType.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase)
        && (contentType.Length == ContentType.Length || contentType[ContentType.Length] is '+' or ';');

    /// <summary>True for headers that are the protocol's or HTTP's own, and so are no metadata.</summary>
    public static bool IsReservedHeader(string name) => name.Length switch
    {
        0 => true,
        _ when name[0] == ':' => true,
        2 => name.Equals("te", StringComparison.OrdinalIgnoreCase),
        4 => name.Equals("host", StringComparison.OrdinalIgnoreCase),
        11 => name.Equals(StatusTrailer, StringComparison.OrdinalIgnoreCase),
        12 => name.Equals("content-type", StringComparison.OrdinalIgnoreCase)
            || name.Equals(TimeoutHeader, StringComparison.OrdinalIgnoreCase)
            || name.Equals(MessageTrailer, StringComparison.OrdinalIgnoreCase),
        13 => name.Equals(EncodingHeader, StringComparison.OrdinalIgnoreCase),
        16 => name.Equals("content-encoding", StringComparison.OrdinalIgnoreCase),
        20 => name.Equals(AcceptEncodingHeader, StringComparison.OrdinalIgnoreCase),
        30 => name.Equals(RequestEncodingHeader, StringComparison.OrdinalIgnoreCase),
        _ => false,
    };
}
