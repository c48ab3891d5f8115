using System.Globalization;
using System.Text;
using System.Text.Json;
using Batching.Engine.Configuration;
using Batching.Engine.Content;
using Batching.Engine.Model;

namespace Batching.Engine.References;

/// <summary>A result that others refer to. Its body is decoded once, when it is first wanted. Not thread-safe.</summary>
/// <param name="segment">Where it is, with its payload.</param>
/// <param name="position">Its position.</param>
/// <param name="limits">How much of it may be read.</param>
internal sealed class ReferencedResult(ResultSegment segment, int position, LimitOptions limits)
{
    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = int.MaxValue };

    private readonly ResultEntry _entry = segment[position];
    private ReadOnlyMemory<byte>? _json;
    private string? _bodyProblem;

    /// <summary>Finds a value.</summary>
    /// <param name="reference">The reference, which is to this result.</param>
    /// <param name="problem">Why it isn't there, as a sentence without its subject, the reference; null if it is.</param>
    /// <returns>The text of its JSON.</returns>
    public ReadOnlyMemory<byte> Find(Reference reference, out string? problem)
    {
        problem = null;
        switch (reference.Kind)
        {
            case ReferenceKind.Status:
                return Encoding.UTF8.GetBytes(_entry.StatusCode.ToString(CultureInfo.InvariantCulture));
            case ReferenceKind.Header:
                var value = IsDeleted
                    ? ""
                    : ResponseHeaders.Find(segment.HeadersOf(_entry).Span, Encoding.ASCII.GetBytes(reference.Header));
                problem = value.Length > 0 ? null
                    : IsDeleted ? "is to a response that has been deleted"
                    : "is to a header field that the response does not have";
                return Encoding.UTF8.GetBytes(JsonParams.Encode(value));
            default:
                return FindInBody(reference.Pointer, out problem);
        }
    }

    /// <summary>The body as JSON, as far as that is known without reading it.</summary>
    /// <param name="problem">Why there is none; null if there is.</param>
    public ReadOnlyMemory<byte> ReadBody(out string? problem)
    {
        if (_json is null)
        {
            var headers = segment.HeadersOf(_entry).Span;
            var json = ReadOnlyMemory<byte>.Empty;
            _bodyProblem = _entry.Failure != Failure.None ? "is to a request that its API has not answered"
                : IsDeleted ? "is to a response that has been deleted"
                : _entry.BodyLength == 0 ? "is to a response without a body"
                : JsonBody.TryRead(
                    segment.BodyOf(_entry),
                    ResponseHeaders.Find(headers, "content-encoding"u8),
                    ResponseHeaders.Find(headers, "content-type"u8),
                    limits.ReferencedBodyBytes,
                    out json) && json.Length <= limits.ReferencedBodyBytes
                    ? null
                    : $"is to a body that can't be decoded, or has more than {limits.ReferencedBodyBytes} bytes ({OptionKey.Of<LimitOptions>(nameof(LimitOptions.ReferencedBodyBytes))})";
            _json = json;
        }

        problem = _bodyProblem;
        return _json.Value;
    }

    private bool IsDeleted => segment.Payload is null && segment.PayloadBytes > 0;

    private ReadOnlyMemory<byte> FindInBody(JsonPointer pointer, out string? problem)
    {
        var json = ReadBody(out problem);
        if (problem is not null)
        {
            return default;
        }

        try
        {
            var reader = new Utf8JsonReader(json.Span, ReaderOptions);
            if (!pointer.TryMoveTo(ref reader))
            {
                problem = "is to a value that the body does not have";
                return default;
            }

            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            var value = json[start..(int)reader.BytesConsumed];
            if (pointer.Tokens.Count == 0)
            {
                // Throws if anything but white space follows.
                reader.Read();
            }

            problem = value.Length <= limits.ReferencedValueBytes
                ? null
                : $"is to a value of {value.Length} bytes; the limit is {limits.ReferencedValueBytes} ({OptionKey.Of<LimitOptions>(nameof(LimitOptions.ReferencedValueBytes))})";
            return value;
        }
        catch (JsonException)
        {
            problem = "is to a body that is not JSON";
            return default;
        }
    }
}
