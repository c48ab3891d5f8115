using System.Text;
using Batching.Engine.Model;

namespace Batching.Engine.Delivery;

/// <summary>
/// The header fields of the result that was last looked at. As a rule the next one of the same API has exactly the same,
/// and nothing is decoded for it. Not thread-safe.
/// </summary>
internal sealed class DecodedHeaders
{
    // Of an entry of a map: its tag and length, and those of name and value.
    private const int EntryOverhead = 12;

    private byte[] _encoded = [];
    private int _length;

    /// <summary>All fields, in the order they came.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Fields { get; private set; } = [];

    /// <summary>The value of <c>content-type</c>; empty if it isn't there.</summary>
    public string ContentType { get; private set; } = "";

    /// <summary>The value of <c>content-encoding</c>; empty if it isn't there.</summary>
    public string ContentEncoding { get; private set; } = "";

    /// <summary>Bytes that all of these take in a message, or a few more.</summary>
    public int MessageBytes { get; private set; }

    /// <summary>Goes on to the next result.</summary>
    /// <param name="encoded">Encoded by <see cref="ResponseHeaders"/>.</param>
    /// <returns>False if it has the same fields as the one before.</returns>
    public bool Decode(ReadOnlySpan<byte> encoded)
    {
        if (encoded.SequenceEqual(_encoded.AsSpan(0, _length)))
        {
            return false;
        }

        if (_encoded.Length < encoded.Length)
        {
            _encoded = new byte[encoded.Length];
        }

        encoded.CopyTo(_encoded);
        _length = encoded.Length;
        Fields = [.. ResponseHeaders.Decode(_encoded.AsMemory(0, _length))];
        ContentType = ResponseHeaders.Find(encoded, "content-type"u8);
        ContentEncoding = ResponseHeaders.Find(encoded, "content-encoding"u8);

        // What is encoded is UTF-8, as it is in the message.
        MessageBytes = encoded.Length + (Fields.Count * EntryOverhead)
            + Encoding.UTF8.GetByteCount(ContentType) + Encoding.UTF8.GetByteCount(ContentEncoding);
        return true;
    }

    /// <summary>Forgets them, as if there had been no result before.</summary>
    public void Forget()
    {
        _length = 0;
        Fields = [];
        ContentType = ContentEncoding = "";
        MessageBytes = 0;
    }
}
