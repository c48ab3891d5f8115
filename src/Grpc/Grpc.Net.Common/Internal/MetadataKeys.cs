using System.Buffers;
using Grpc.Core;

namespace Grpc.Net.Internal;

/// <summary>Turns received HTTP headers into metadata.</summary>
internal static class MetadataKeys
{
    private static readonly SearchValues<char> KeyCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_");

    /// <summary>Adds a header unless it is the protocol's own or no metadata can have its name.</summary>
    public static void AddHeader(Metadata metadata, string name, string value)
    {
        if (GrpcProtocol.IsReservedHeader(name) || name.AsSpan().ContainsAnyExcept(KeyCharacters))
        {
            return;
        }

        if (!name.EndsWith(Metadata.BinaryHeaderSuffix, StringComparison.OrdinalIgnoreCase))
        {
            metadata.Add(name, value);
            return;
        }

        // Several values of one key may have been joined on the way ("Custom-Metadata" in the specification).
        foreach (var part in value.Split(','))
        {
            if (BinaryHeader.TryDecode(part, out var bytes))
            {
                metadata.Add(name, bytes);
            }
        }
    }
}
