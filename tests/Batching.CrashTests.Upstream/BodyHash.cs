using System.Security.Cryptography;

namespace Batching.CrashTests.Upstream;

/// <summary>What stands for the bytes of a body in journals and histories.</summary>
public static class BodyHash
{
    /// <summary>The first 8 bytes of the SHA-256 in hexadecimal.</summary>
    public static string Of(ReadOnlySpan<byte> body)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(body, hash);
        return Convert.ToHexStringLower(hash[..8]);
    }
}
