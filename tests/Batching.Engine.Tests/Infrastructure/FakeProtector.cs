using System.Text;
using Batching.Engine.Storage;

namespace Batching.Engine.Tests.Infrastructure;

/// <summary>Turns credentials around, and can lose the way back.</summary>
internal sealed class FakeProtector : ICredentialProtector
{
    public bool KeysAreLost { get; set; }

    public byte[] Protect(string authorization) => [.. Encoding.UTF8.GetBytes(authorization).Reverse()];

    public string? Unprotect(byte[] credential) =>
        KeysAreLost ? null : Encoding.UTF8.GetString([.. credential.AsEnumerable().Reverse()]);
}
