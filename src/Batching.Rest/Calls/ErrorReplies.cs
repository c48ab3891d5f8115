using System.Globalization;
using Google.Protobuf;
using Microsoft.AspNetCore.Grpc.JsonTranscoding;
using Microsoft.AspNetCore.Http;
using RpcStatus = Google.Rpc.Status;

namespace Batching.Rest.Calls;

/// <summary>Ends calls before they reach a service.</summary>
internal static class ErrorReplies
{
    /// <summary>Whether it is a gRPC call, gRPC-Web included. At a REST path it is none, whatever its content type says.</summary>
    public static bool IsGrpc(this HttpContext context) =>
        context.Request.ContentType?.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase) == true
        && context.GetEndpoint()?.Metadata.GetMetadata<GrpcJsonTranscodingMetadata>() is null;

    /// <summary>
    /// Answers with an error in the form of the call: a status in the headers for gRPC ("Trailers-Only" in its
    /// specification), JSON in the form of the path for REST.
    /// </summary>
    public static Task RefuseAsync(this HttpContext context, CallError error)
    {
        if (!context.IsGrpc())
        {
            return (RestForm.Find(context) ?? RestForm.Canonical).ReplyAsync(context, error);
        }

        RpcStatus status = error.Status;
        var response = context.Response;
        response.ContentType = "application/grpc";
        response.Headers["grpc-status"] = status.Code.ToString(CultureInfo.InvariantCulture);
        response.Headers["grpc-message"] = Encode(status.Message);
        if (status.Details.Count > 0)
        {
            response.Headers["grpc-status-details-bin"] = Convert.ToBase64String(status.ToByteArray()).TrimEnd('=');
        }

        return Task.CompletedTask;
    }

    // "Status-Message" in gRPC's specification: what is not printable ASCII is percent-encoded.
    private static string Encode(string message) => message.AsSpan().ContainsAnyExceptInRange(' ', '~') || message.Contains('%')
        ? string.Concat(message.EnumerateRunes().Select(rune =>
            rune.Value is >= ' ' and <= '~' and not '%' ? rune.ToString() : Uri.EscapeDataString(rune.ToString())))
        : message;
}
