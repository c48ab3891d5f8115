using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Batching.Engine.Webhooks;

/// <summary>
/// Signs messages by the symmetric scheme of Standard Webhooks
/// (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme).
/// </summary>
internal static class MessageSignature
{
    /// <summary>The value of <c>webhook-signature</c>: a signature for each secret, separated by blanks.</summary>
    /// <param name="secrets">The secrets.</param>
    /// <param name="id">The value of <c>webhook-id</c>.</param>
    /// <param name="timestamp">The value of <c>webhook-timestamp</c>: seconds since 1970-01-01 UTC.</param>
    /// <param name="body">The body.</param>
    public static string Create(IReadOnlyList<byte[]> secrets, string id, long timestamp, byte[] body)
    {
        byte[] signed = [.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{timestamp}.")), .. body];
        return string.Join(' ', secrets.Select(secret => $"v1,{Convert.ToBase64String(HMACSHA256.HashData(secret, signed))}"));
    }
}
