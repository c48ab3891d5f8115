namespace Grpc.AspNetCore.Web.Internal;

/// <summary>The content types of gRPC-Web ("PROTOCOL-WEB" in the gRPC repository).</summary>
internal static class GrpcWebContentType
{
    public const string Grpc = "application/grpc";
    private const string Web = "application/grpc-web";
    private const string WebText = "application/grpc-web-text";

    public static GrpcWebMode ModeOf(string? contentType) =>
        Is(contentType, WebText) ? GrpcWebMode.Text
        : Is(contentType, Web) ? GrpcWebMode.Binary
        : GrpcWebMode.None;

    /// <summary>The gRPC content type with the message format (<c>+proto</c>) of the gRPC-Web one.</summary>
    public static string ToGrpc(string contentType, GrpcWebMode mode) =>
        Grpc + contentType[(mode == GrpcWebMode.Text ? WebText : Web).Length..];

    /// <summary>The gRPC-Web content type of a gRPC response.</summary>
    public static string FromGrpc(string contentType, GrpcWebMode mode) =>
        (mode == GrpcWebMode.Text ? WebText : Web) + contentType[Grpc.Length..];

    public static bool Is(string? contentType, string expected) =>
        contentType is not null
        && contentType.StartsWith(expected, StringComparison.OrdinalIgnoreCase)
        && (contentType.Length == expected.Length || contentType[expected.Length] is '+' or ';');
}
