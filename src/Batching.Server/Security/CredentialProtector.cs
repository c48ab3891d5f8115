using System.Security.Cryptography;
using System.Text;
using Batching.Engine.Submission;
using Microsoft.AspNetCore.DataProtection;

namespace Batching.Server.Security;

/// <summary>Encrypts credentials with ASP.NET Core Data Protection. Thread-safe.</summary>
internal sealed class CredentialProtector(IDataProtectionProvider protection) : ICredentialProtector
{
    private readonly IDataProtector _protector = protection.CreateProtector("Batching.Credentials");

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
