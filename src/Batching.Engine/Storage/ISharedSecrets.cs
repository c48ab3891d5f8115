namespace Batching.Engine.Storage;

/// <summary>The secrets of a store that several gateways use: whatever one of them can decrypt, all can. Thread-safe.</summary>
public interface ISharedSecrets
{
    /// <summary>Adds a secret; one of that name stays as it is.</summary>
    ValueTask AddAsync(string name, byte[] value, CancellationToken cancellationToken);

    /// <summary>Lists all whose names begin so.</summary>
    ValueTask<IReadOnlyList<byte[]>> ListAsync(string prefix, CancellationToken cancellationToken);
}
