using System.Text.Json;
using Batching.Rest.Replies;
using Batching.V1;
using Google.Rpc;

namespace Batching.Rest.V0;

/// <summary>Writes responses as the v0 paths have them: members of their request.</summary>
internal static class V0ResponseWriter
{
    /// <summary>Writes what of a response is wanted, without braces around it.</summary>
    /// <param name="json">Where to.</param>
    /// <param name="response">The response.</param>
    /// <param name="shape">What is wanted.</param>
    /// <param name="onOneLine">A body of JSON must not bring new lines.</param>
    public static void Write(Utf8JsonWriter json, Response response, V0Shape shape, bool onOneLine)
    {
        var properties = shape.Properties;
        if (properties.Contains(V0Property.StatusCode))
        {
            json.WriteNumber("responseStatusCode"u8, response.StatusCode);
        }

        if (properties.Contains(V0Property.Size))
        {
            json.WriteNumber("responseSize"u8, response.Size);
        }

        if (properties.Contains(V0Property.Headers))
        {
            json.WriteStartObject("responseHeaders"u8);
            foreach (var (name, value) in response.Headers)
            {
                json.WriteString(name, value);
            }

            json.WriteEndObject();
        }

        if (!properties.Contains(V0Property.Response))
        {
            return;
        }

        // What the gateway has answered is no body of the API, which is all that expires.
        if (response.Error is { } error)
        {
            json.WritePropertyName("response"u8);
            WriteGatewayError(json, response.StatusCode, error);
        }
        else if (response.Expired)
        {
            json.WriteNull("response"u8);
        }
        else
        {
            WriteBody(json, response, shape.MaxBodyBytes, onOneLine);
        }
    }

    /// <summary>Writes an answer that the gateway gives in the place of an API.</summary>
    public static void WriteGatewayError(Utf8JsonWriter json, int statusCode, Status error)
    {
        var reason = error.Details.FirstOrDefault(detail => detail.Is(ErrorInfo.Descriptor))?.Unpack<ErrorInfo>().Reason;
        json.WriteStartObject();
        json.WriteString("message"u8, error.Message);
        if (statusCode != 0)
        {
            json.WriteNumber("statusCode"u8, statusCode);
        }

        json.WriteString("error"u8, reason);
        json.WriteEndObject();
    }

    private static void WriteBody(Utf8JsonWriter json, Response response, int maxBytes, bool onOneLine)
    {
        var body = ResponseBody.Of(response, maxBytes);
        switch (body.Kind)
        {
            case ResponseBodyKind.Json:
                json.WritePropertyName("response"u8);
                JsonText.WriteRaw(json, body.Bytes.Span, onOneLine);
                break;
            case ResponseBodyKind.Binary:
                json.WriteBase64String("response"u8, body.Bytes.Span);
                json.WriteString("responseEncoding"u8, "base64"u8);
                json.WriteString("responseContentType"u8, response.ContentType);
                if (body.ContentEncoding.Length > 0)
                {
                    json.WriteString("responseContentEncoding"u8, body.ContentEncoding);
                }

                break;
            case ResponseBodyKind.DeepJson:
                json.WriteString("response"u8, body.Text);
                json.WriteString("responseEncoding"u8, "text"u8);
                break;
            default:
                json.WriteString("response"u8, body.Text ?? "");
                break;
        }
    }
}
