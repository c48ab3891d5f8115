using System.Text;
using Google.Protobuf.Collections;

namespace Batching.Engine.Delivery;

/// <summary>Says how many bytes keys take in a message, tags and lengths included.</summary>
internal static class KeyBytes
{
    private const int Frame = 5;

    /// <summary>Bytes of a key; none if it is empty.</summary>
    public static long Of(string key) => key.Length == 0 ? 0 : Encoding.UTF8.GetByteCount(key) + Frame;

    /// <summary>Bytes of keys.</summary>
    public static long Of(RepeatedField<string> keys)
    {
        long bytes = 0;
        foreach (var key in keys)
        {
            bytes += Encoding.UTF8.GetByteCount(key) + Frame;
        }

        return bytes;
    }
}
