using System.Buffers;
using Google.Api;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Microsoft.AspNetCore.Http;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Calls;

/// <summary><c>google.api.HttpBody</c>: a body that passes as it is, of any content type.</summary>
internal static class RawBody
{
    public const string DefaultContentType = "application/octet-stream";

    public static bool IsRaw(MessageDescriptor message, FieldDescriptor? field) => field is null
        ? message == HttpBody.Descriptor
        : field.FieldType == FieldType.Message && !field.IsRepeated && field.MessageType == HttpBody.Descriptor;

    public static void Read(
        HttpContext context, in ReadOnlySequence<byte> bytes, IMessage request, FieldDescriptor? field)
    {
        var body = field is null ? (HttpBody)request : new HttpBody();
        body.ContentType = context.Request.ContentType ?? "";
        body.Data = UnsafeByteOperations.UnsafeWrap(bytes.ToArray());
        field?.Accessor.SetValue(request, body);
    }

    public static HttpBody Get(IMessage response, FieldDescriptor? field) => field is null
        ? (HttpBody)response
        : (HttpBody?)field.Accessor.GetValue(response) ?? new HttpBody();

    public static string ContentType(HttpBody body) =>
        body.ContentType.Length > 0 ? body.ContentType : DefaultContentType;
}
