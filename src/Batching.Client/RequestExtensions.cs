using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Batching.V1;
using Google.Protobuf;

namespace Batching.Client;

/// <summary>Sets what a call is sent with. Each method changes the request that it is given, and returns it.</summary>
public static class RequestExtensions
{
    private const string UntypedJson = "Reflects over the type. Use the overload that takes a JsonTypeInfo.";

    /// <summary>Names a call, so that its result can be told by the name: <see cref="BatchResult.Key"/>.</summary>
    /// <param name="request">The call.</param>
    /// <param name="key">Any text without control characters that no other call of the batch has.</param>
    public static Request WithKey(this Request request, string key)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Key = key;
        return request;
    }

    /// <summary>Adds a parameter to the query string. The same name may be added more than once.</summary>
    /// <param name="request">The call.</param>
    /// <param name="name">Any text; percent-encoded when it is sent.</param>
    /// <param name="value">Any text; percent-encoded when it is sent.</param>
    public static Request WithQuery(this Request request, string name, string value)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Query.Add(new QueryParameter { Name = name, Value = value });
        return request;
    }

    /// <summary>Sets a header field. Fields that are the gateway's own, such as <c>Host</c> and <c>Authorization</c>, are refused.</summary>
    /// <param name="request">The call.</param>
    /// <param name="name">The name of the field.</param>
    /// <param name="value">Its value; it is sent in UTF-8.</param>
    public static Request WithHeader(this Request request, string name, string value)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Headers[name] = value;
        return request;
    }

    /// <summary>Sets the body to bytes.</summary>
    /// <param name="request">The call.</param>
    /// <param name="body">The bytes; they are copied.</param>
    /// <param name="contentType">The type of the body.</param>
    public static Request WithBody(this Request request, ReadOnlySpan<byte> body, string contentType)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Body = ByteString.CopyFrom(body);
        return request.WithHeader("Content-Type", contentType);
    }

    /// <summary>Sets the body to a value as JSON.</summary>
    /// <param name="request">The call.</param>
    /// <param name="value">The value.</param>
    /// <param name="type">How it is written, from a <see cref="System.Text.Json.Serialization.JsonSerializerContext"/>.</param>
    public static Request WithJson<T>(this Request request, T value, JsonTypeInfo<T> type)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Body = UnsafeByteOperations.UnsafeWrap(JsonSerializer.SerializeToUtf8Bytes(value, type));
        return request;
    }

    /// <summary>Sets the body to a value as JSON, by reflection.</summary>
    /// <param name="request">The call.</param>
    /// <param name="value">The value.</param>
    /// <param name="options">How it is written; <see cref="JsonSerializerOptions.Web"/> by default.</param>
    [RequiresUnreferencedCode(UntypedJson)]
    [RequiresDynamicCode(UntypedJson)]
    public static Request WithJson<T>(this Request request, T value, JsonSerializerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Body = UnsafeByteOperations.UnsafeWrap(
            JsonSerializer.SerializeToUtf8Bytes(value, options ?? JsonSerializerOptions.Web));
        return request;
    }
}
