using Batching.Engine.Storage;
using Microsoft.AspNetCore.DataProtection.KeyManagement;

namespace Batching.Server.Security.SharedKeys;

/// <summary>
/// Data Protection's keys, read anew when this gateway begins to hold the store: the one before it may have made keys since they
/// were read, and batches have credentials that are encrypted with them. Thread-safe.
/// </summary>
internal sealed class SharedKeyManager(XmlKeyManager keys) : IKeyManager, IHoldStart, IDisposable
{
    private CancellationTokenSource _outdated = new();

    public IKey CreateNewKey(DateTimeOffset activationDate, DateTimeOffset expirationDate) =>
        keys.CreateNewKey(activationDate, expirationDate);

    public IReadOnlyCollection<IKey> GetAllKeys() => keys.GetAllKeys();

    public CancellationToken GetCacheExpirationToken() => CancellationTokenSource
        .CreateLinkedTokenSource(keys.GetCacheExpirationToken(), Volatile.Read(ref _outdated).Token).Token;

    public void RevokeAllKeys(DateTimeOffset revocationDate, string? reason = null) =>
        keys.RevokeAllKeys(revocationDate, reason);

    public void RevokeKey(Guid keyId, string? reason = null) => keys.RevokeKey(keyId, reason);

    /// <summary>Has the keys read anew by whoever needs one next.</summary>
    public async ValueTask StartAsync(CancellationToken cancellationToken) =>
        await Interlocked.Exchange(ref _outdated, new CancellationTokenSource()).CancelAsync();

    public void Dispose() => _outdated.Dispose();
}
