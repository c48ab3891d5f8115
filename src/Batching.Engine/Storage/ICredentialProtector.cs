namespace Batching.Engine.Storage;

/// <summary>
/// Encrypts the credential of a batch while it must be kept, so that its requests can be sent after a restart.
/// Thread-safe.
/// </summary>
public interface ICredentialProtector
{
    /// <summary>Encrypts the value of an <c>Authorization</c> field.</summary>
    byte[] Protect(string authorization);

    /// <summary>Decrypts it; null if that is no longer possible, because the keys are gone.</summary>
    string? Unprotect(byte[] credential);
}
