using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Grpc.Core;
using Grpc.Net.Internal;

namespace Grpc.Net.Client.Internal;

/// <summary>Finds out how a call ended ("Responses" in the gRPC over HTTP/2 specification).</summary>
internal static class ResponseStatus
{
    /// <summary>The status of a trailers-only response, or null.</summary>
    public static Status? FromHeaders(HttpResponseMessage response) => Read(response.Headers);

    /// <summary>The status of a complete response.</summary>
    public static Status FromTrailers(HttpResponseMessage response) => Read(response.TrailingHeaders)
        ?? new Status(StatusCode.Internal, "The server closed the stream without a grpc-status.");

    /// <summary>What is wrong with a response that is no gRPC, or null ("HTTP to gRPC Status Code Mapping").</summary>
    public static Status? Refusal(HttpResponseMessage response)
    {
        if (response.StatusCode != HttpStatusCode.OK)
        {
            var code = response.StatusCode switch
            {
                HttpStatusCode.BadRequest => StatusCode.Internal,
                HttpStatusCode.Unauthorized => StatusCode.Unauthenticated,
                HttpStatusCode.Forbidden => StatusCode.PermissionDenied,
                HttpStatusCode.NotFound => StatusCode.Unimplemented,
                HttpStatusCode.TooManyRequests
                    or HttpStatusCode.BadGateway
                    or HttpStatusCode.ServiceUnavailable
                    or HttpStatusCode.GatewayTimeout => StatusCode.Unavailable,
                _ => StatusCode.Unknown,
            };
            return new Status(code, $"Bad gRPC response. HTTP status code: {(int)response.StatusCode}");
        }

        var contentType = response.Content.Headers.ContentType?.ToString();
        return GrpcProtocol.IsGrpcContentType(contentType)
            ? null
            : new Status(StatusCode.Unknown, $"Bad gRPC response. Invalid content-type value: {contentType}");
    }

    /// <summary>The code that an HTTP/2 or connection failure stands for ("Errors" in the specification).</summary>
    public static Status FromException(Exception exception)
    {
        for (var inner = exception; inner is not null; inner = inner.InnerException)
        {
            if (inner is HttpProtocolException protocol)
            {
                // RFC 9113, section 7.
                var code = protocol.ErrorCode switch
                {
                    0x7 => StatusCode.Unavailable, // REFUSED_STREAM: not processed
                    0x8 => StatusCode.Cancelled, // CANCEL
                    0xb => StatusCode.ResourceExhausted, // ENHANCE_YOUR_CALM
                    0xc => StatusCode.PermissionDenied, // INADEQUATE_SECURITY
                    _ => StatusCode.Internal,
                };
                return new Status(code, $"Error reading the response: {protocol.Message}", exception);
            }
        }

        return exception is HttpRequestException or IOException
            ? new Status(StatusCode.Unavailable, $"Error making the call: {exception.Message}", exception)
            : new Status(StatusCode.Internal, $"Error making the call: {exception.Message}", exception);
    }

    public static Metadata Metadata(HttpResponseHeaders headers)
    {
        var metadata = new Metadata();
        foreach (var (name, values) in headers)
        {
            foreach (var value in values)
            {
                MetadataKeys.AddHeader(metadata, name, value);
            }
        }

        return metadata;
    }

    private static Status? Read(HttpResponseHeaders headers)
    {
        if (!headers.TryGetValues(GrpcProtocol.StatusTrailer, out var statuses))
        {
            return null;
        }

        var message = headers.TryGetValues(GrpcProtocol.MessageTrailer, out var messages)
            ? PercentEncoding.Decode(messages.First())
            : "";

        // A code that nobody knows reads as UNKNOWN ("Status" in the specification).
        return int.TryParse(statuses.First(), NumberStyles.None, CultureInfo.InvariantCulture, out var code)
            && Enum.IsDefined((StatusCode)code)
                ? new Status((StatusCode)code, message)
                : new Status(StatusCode.Unknown, message);
    }
}
