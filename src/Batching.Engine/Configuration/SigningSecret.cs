using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;

namespace Batching.Engine.Configuration;

/// <summary>
/// Secrets of webhooks as they are written: <c>whsec_</c> and base64
/// (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme).
/// </summary>
internal static class SigningSecret
{
    private const string Prefix = "whsec_";
    private const int MinBytes = 24;
    private const int MaxBytes = 64;

    /// <summary>Writes a secret.</summary>
    public static string ToText(byte[] secret) => Prefix + Convert.ToBase64String(secret);

    /// <summary>Reads secrets that are separated by blanks, the one that comes first being the newest; false if one is none.</summary>
    public static bool TryParseAll(string text, [NotNullWhen(true)] out IReadOnlyList<byte[]>? secrets)
    {
        var found = new List<byte[]>();
        secrets = null;
        foreach (var part in text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            if (!part.StartsWith(Prefix, StringComparison.Ordinal) || !Base64.IsValid(part.AsSpan(Prefix.Length), out var length)
                || length is < MinBytes or > MaxBytes)
            {
                return false;
            }

            found.Add(Convert.FromBase64String(part[Prefix.Length..]));
        }

        secrets = found;
        return found.Count > 0;
    }
}
