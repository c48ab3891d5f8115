using System.Buffers;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Calls;

/// <summary>Between HTTP headers and gRPC metadata.</summary>
internal static class MetadataHeaders
{
    private static readonly SearchValues<char> VisibleAscii =
        SearchValues.Create(string.Concat(Enumerable.Range(' ', '~' - ' ' + 1).Select(c => (char)c)));

    private static readonly SearchValues<char> KeyCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");

    /// <summary>Everything the client sent; values of <c>-bin</c> headers that are no base64 are left out.</summary>
    public static Metadata Read(IHeaderDictionary headers)
    {
        var metadata = new Metadata();
        foreach (var (key, values) in headers)
        {
            if (key.Length == 0 || key.AsSpan().ContainsAnyExcept(KeyCharacters) ||
                key.Equals("grpc-timeout", StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            foreach (var value in values)
            {
                if (!key.EndsWith(Metadata.BinaryHeaderSuffix, StringComparison.OrdinalIgnoreCase))
                {
                    metadata.Add(key, value ?? "");
                }
                else if (TryDecode(value, out var bytes))
                {
                    metadata.Add(key, bytes);
                }
            }
        }

        return metadata;
    }

    /// <summary>Adds metadata of the handler to the reply's headers.</summary>
    public static void Write(Metadata metadata, IHeaderDictionary headers)
    {
        foreach (var entry in metadata)
        {
            if (!IsReserved(entry.Key))
            {
                headers.Append(entry.Key, Format(entry));
            }
        }
    }

    /// <summary>Adds metadata behind a reply that has begun, where the HTTP version has a place for it.</summary>
    public static void WriteTrailers(Metadata metadata, HttpResponse response)
    {
        if (metadata.Count == 0 || !response.SupportsTrailers())
        {
            return;
        }

        foreach (var entry in metadata)
        {
            if (!IsReserved(entry.Key))
            {
                response.AppendTrailer(entry.Key, Format(entry));
            }
        }
    }

    private static string Format(Metadata.Entry entry)
    {
        if (entry.IsBinary)
        {
            return Convert.ToBase64String(entry.ValueBytes);
        }

        var value = entry.Value;
        return value.AsSpan().ContainsAnyExcept(VisibleAscii)
            ? string.Concat(value.Select(c => VisibleAscii.Contains(c) ? c : '?'))
            : value;
    }

    /// <summary>Headers that frame the reply, which are ours, and the status details, which are in the body.</summary>
    private static bool IsReserved(string key) => key is
        "content-type" or "content-length" or "content-encoding" or "transfer-encoding" or "connection" or
        "keep-alive" or "upgrade" or "te" or "trailer" or "date" or MetadataExtensions.StatusDetailsTrailerName;

    private static bool TryDecode(string? value, out byte[] bytes)
    {
        bytes = [];
        // gRPC allows leaving the padding out.
        var padded = value is null ? "" : value.Trim().PadRight((value.Trim().Length + 3) / 4 * 4, '=');
        var buffer = new byte[padded.Length / 4 * 3];
        if (!Convert.TryFromBase64String(padded, buffer, out var length))
        {
            return false;
        }

        bytes = buffer[..length];
        return true;
    }
}
