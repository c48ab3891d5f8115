using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Batching.Engine;
using Batching.Engine.Storage;
using Grpc.Core;
using Microsoft.AspNetCore.DataProtection;

namespace Batching.Server.Security;

/// <summary>
/// Says who calls: the owner is a keyed hash of the caller's credential, so that the store tells nobody what the
/// credential was. Callers without one share the anonymous owner. Thread-safe.
/// </summary>
internal sealed class CallerResolver(IBatchStore store, IDataProtectionProvider protection) : IHostedService
{
    private const string Anonymous = "anonymous";

    private byte[]? _key;

    private byte[] Key => _key ?? throw new InvalidOperationException("A caller is resolved before the start.");

    /// <summary>The caller of an RPC.</summary>
    public Caller Resolve(ServerCallContext context)
    {
        var authorization = context.RequestHeaders.GetValue("authorization");
        return string.IsNullOrEmpty(authorization)
            ? new Caller(Anonymous, null)
            : new Caller(ToOwner(authorization), authorization);
    }

    /// <summary>Reads the key of the hash; the store is open by now.</summary>
    /// <exception cref="StoreUnusableException">The key can't be decrypted: every owner would be a stranger.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var protector = protection.CreateProtector("Batching.Owners");
        var candidate = protector.Protect(RandomNumberGenerator.GetBytes(HMACSHA256.HashSizeInBytes));
        var secret = await store.GetOrAddSecretAsync("owners", candidate, cancellationToken);
        try
        {
            _key = protector.Unprotect(secret);
        }
        catch (CryptographicException exception)
        {
            throw new StoreUnusableException(
                "The key that batches are assigned to their owners with can't be decrypted. Put the directory 'keys' "
                + "of the data directory back, or begin with an empty data directory.",
                exception);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private string ToOwner(string authorization) =>
        Base64Url.EncodeToString(HMACSHA256.HashData(Key, Encoding.UTF8.GetBytes(authorization)));
}
