using System.Security.Cryptography;
using System.Text;
using Batching.Engine.Configuration;
using Batching.Engine.Storage;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Options;

namespace Batching.Server.Security;

/// <summary>
/// Encrypts credentials with ASP.NET Core Data Protection, each for the header field that it is sent in: what a caller
/// gave as a token can't become the name of a user, when the mode is changed while the batch waits. Thread-safe.
/// </summary>
internal sealed class CredentialProtector(IDataProtectionProvider protection, IOptions<BatchEngineOptions> options)
    : ICredentialProtector
{
    private readonly IDataProtector _protector =
        protection.CreateProtector("Batching.Credentials", options.Value.CredentialHeader.ToUpperInvariant());

    public byte[] Protect(string authorization) => _protector.Protect(Encoding.UTF8.GetBytes(authorization));

    public string? Unprotect(byte[] credential)
    {
        try
        {
            return Encoding.UTF8.GetString(_protector.Unprotect(credential));
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
