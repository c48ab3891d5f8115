using System.Security.Cryptography;
using System.Text;
using Batching.Engine.Storage;

namespace Batching.Storage.Postgres;

/// <summary>
/// Encrypts secrets with the operator's key (AES-256-GCM), each for its name: a value that was moved to another name can't be
/// decrypted there. Thread-safe.
/// </summary>
internal sealed class SecretWrapper(byte[] masterKey)
{
    // Of the stored form, for the day when there is another one.
    private const byte Version = 1;

    private static readonly int NonceBytes = AesGcm.NonceByteSizes.MaxSize;
    private static readonly int TagBytes = AesGcm.TagByteSizes.MaxSize;

    /// <summary>Encrypts a value: a version, a nonce, the value, a tag.</summary>
    public byte[] Wrap(string name, ReadOnlySpan<byte> value)
    {
        var wrapped = new byte[1 + NonceBytes + value.Length + TagBytes];
        wrapped[0] = Version;
        var nonce = wrapped.AsSpan(1, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(masterKey, TagBytes);
        aes.Encrypt(nonce, value, wrapped.AsSpan(1 + NonceBytes, value.Length), wrapped.AsSpan(^TagBytes), Encoding.UTF8.GetBytes(name));
        return wrapped;
    }

    /// <summary>Decrypts a value.</summary>
    /// <exception cref="StoreUnusableException">It was encrypted with another key.</exception>
    public byte[] Unwrap(string name, ReadOnlySpan<byte> wrapped)
    {
        var length = wrapped.Length - 1 - NonceBytes - TagBytes;
        try
        {
            if (length < 0 || wrapped[0] != Version)
            {
                throw new CryptographicException($"The secret {name} has a form that is not known.");
            }

            var value = new byte[length];
            using var aes = new AesGcm(masterKey, TagBytes);
            aes.Decrypt(
                wrapped.Slice(1, NonceBytes), wrapped.Slice(1 + NonceBytes, length), wrapped[^TagBytes..], value, Encoding.UTF8.GetBytes(name));
            return value;
        }
        catch (CryptographicException exception)
        {
            throw new StoreUnusableException(
                $"The secrets in the database can't be decrypted with the key of {PostgresStoreOptions.MasterKeyFileKey}. All gateways of a "
                + "database need the same key: put that file back.",
                exception);
        }
    }
}
