using Batching.Engine.Storage;
using Batching.Storage.Postgres.Opening;

namespace Batching.Storage.Postgres;

/// <content>Secrets.</content>
public sealed partial class PostgresBatchStore : ISharedSecrets
{
    /// <inheritdoc />
    public async ValueTask<byte[]> GetOrAddSecretAsync(string name, byte[] candidate, CancellationToken cancellationToken)
    {
        await AddAsync(name, candidate, cancellationToken);
        foreach (var (found, value) in await Reader.ListSecretsAsync(name, cancellationToken))
        {
            if (found == name)
            {
                return _secrets.Unwrap(name, value);
            }
        }

        return candidate;
    }

    /// <inheritdoc />
    public async ValueTask AddAsync(string name, byte[] value, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        try
        {
            // By whoever is the first, whether it holds the store or not.
            await using var connection = await Database.RentAsync(cancellationToken);
            await connection.RunAsync(
                "INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
                Sql.Of(name),
                Sql.Of(_secrets.Wrap(name, value)));
        }
        catch (Exception e) when (PostgresFaults.IsFault(e))
        {
            throw PostgresFaults.Translate(e);
        }
    }

    /// <inheritdoc />
    public async ValueTask<IReadOnlyList<byte[]>> ListAsync(string prefix, CancellationToken cancellationToken) =>
        [.. (await Reader.ListSecretsAsync(prefix, cancellationToken)).Select(secret => _secrets.Unwrap(secret.Name, secret.Value))];
}
