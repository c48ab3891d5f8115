namespace Grpc.Net.Internal;

/// <summary>The base64 of <c>-bin</c> headers: written without padding, read with or without.</summary>
internal static class BinaryHeader
{
    public static string Encode(ReadOnlySpan<byte> value) => Convert.ToBase64String(value).TrimEnd('=');

    public static bool TryDecode(string text, out byte[] value)
    {
        var unpadded = text.AsSpan().Trim().TrimEnd('=');
        if (unpadded.Length % 4 == 1)
        {
            value = [];
            return false;
        }

        var padded = string.Concat(unpadded, "===".AsSpan(0, (4 - (unpadded.Length % 4)) % 4));
        value = new byte[padded.Length / 4 * 3];
        if (!Convert.TryFromBase64String(padded, value, out var written))
        {
            return false;
        }

        Array.Resize(ref value, written);
        return true;
    }
}
