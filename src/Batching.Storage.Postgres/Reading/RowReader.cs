using System.Text;
using Batching.Engine.Storage;
using Batching.Storage.Postgres.Opening;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Batching.Storage.Postgres.Reading;

/// <summary>Runs queries on connections of the pool, and makes something of their rows. Thread-safe.</summary>
internal sealed class RowReader(Database database, ILogger logger)
{
    private volatile bool _isFailing;

    /// <summary>Reads a number of milliseconds.</summary>
    public static DateTimeOffset TimeOf(NpgsqlDataReader reader, int column) =>
        DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(column));

    /// <summary>Reads a number of milliseconds, or null.</summary>
    public static DateTimeOffset? TimeOrNull(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : TimeOf(reader, column);

    /// <summary>Reads bytes.</summary>
    public static byte[] BytesOf(NpgsqlDataReader reader, int column) => reader.GetFieldValue<byte[]>(column);

    /// <summary>Reads bytes, or null.</summary>
    public static byte[]? BytesOrNull(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetFieldValue<byte[]>(column);

    /// <summary>Reads a text that is kept as bytes.</summary>
    public static string Utf8Of(NpgsqlDataReader reader, int column) => Encoding.UTF8.GetString(BytesOf(reader, column));

    /// <summary>Reads a text, or null.</summary>
    public static string? TextOrNull(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetString(column);

    /// <summary>Reads rows by one statement, and once more where a connection of the pool turns out to be dead.</summary>
    /// <exception cref="StoreUnavailableException">The database can't be read.</exception>
    public async Task<List<T>> ListAsync<T>(
        string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, params NpgsqlParameter[] parameters)
    {
        try
        {
            return await TryListAsync(sql, read, parameters, cancellationToken);
        }
        catch (Exception e) when (PostgresFaults.IsFault(e) && !PostgresFaults.IsUndone(e))
        {
            // The connection may have died while it waited in the pool, and others with it.
            database.Clear();
        }
        catch (PostgresException e)
        {
            throw Fail(e);
        }

        try
        {
            var rows = await TryListAsync(sql, read, [.. parameters.Select(parameter => parameter.Clone())], cancellationToken);
            _isFailing = false;
            return rows;
        }
        catch (Exception e) when (PostgresFaults.IsFault(e))
        {
            throw Fail(e);
        }
    }

    private Exception Fail(Exception error)
    {
        if (!_isFailing)
        {
            // Once a fault, not once a read.
            _isFailing = true;
            PostgresStoreLog.StoreReadFailed(logger, PostgresFaults.NameOf(error), error);
        }

        return PostgresFaults.Translate(error);
    }

    // The token ends the wait for a connection only: a statement that is broken off costs the server more than one that ends.
    private async Task<List<T>> TryListAsync<T>(
        string sql, Func<NpgsqlDataReader, T> read, NpgsqlParameter[] parameters, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await using var connection = await database.RentAsync(cancellationToken);
        await using var command = connection.Command(sql, parameters);
        await using var reader = await command.ExecuteReaderAsync(CancellationToken.None);
        var rows = new List<T>();
        while (await reader.ReadAsync(CancellationToken.None))
        {
            rows.Add(read(reader));
        }

        return rows;
    }
}
