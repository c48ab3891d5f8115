using System.Text;
using Npgsql;
using NpgsqlTypes;

namespace Batching.Storage.Postgres.Opening;

/// <summary>Runs single statements, and makes their parameters. Parameters have no names: <c>$1</c> is the first.</summary>
internal static class Sql
{
    public static NpgsqlParameter Of(long value) => new NpgsqlParameter<long> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Bigint };

    public static NpgsqlParameter Of(int value) => new NpgsqlParameter<int> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Integer };

    public static NpgsqlParameter Of(bool value) => new NpgsqlParameter<bool> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Boolean };

    public static NpgsqlParameter Of(string value) => new NpgsqlParameter<string> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Text };

    /// <summary>Makes a parameter of a text that is kept as bytes.</summary>
    public static NpgsqlParameter OfUtf8(string value) => Of(Encoding.UTF8.GetBytes(value));

    /// <summary>Makes a parameter of a text that is kept as it is, or of null.</summary>
    public static NpgsqlParameter OfNullable(string? value) =>
        new NpgsqlParameter<string?> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Text };

    /// <summary>Makes a parameter of bytes or of null.</summary>
    public static NpgsqlParameter OfNullable(byte[]? value) =>
        new NpgsqlParameter<byte[]?> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Bytea };

    public static NpgsqlParameter Of(byte[] value) => new NpgsqlParameter<byte[]> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Bytea };

    public static NpgsqlParameter Of(TimeSpan value) => new NpgsqlParameter<TimeSpan> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Interval };

    public static NpgsqlParameter Of(long[] values) => Array(values, NpgsqlDbType.Bigint);

    public static NpgsqlParameter Of(long?[] values) => Array(values, NpgsqlDbType.Bigint);

    public static NpgsqlParameter Of(int[] values) => Array(values, NpgsqlDbType.Integer);

    public static NpgsqlParameter Of(bool[] values) => Array(values, NpgsqlDbType.Boolean);

    public static NpgsqlParameter Of(string?[] values) => Array(values, NpgsqlDbType.Text);

    public static NpgsqlParameter Of(byte[]?[] values) => Array(values, NpgsqlDbType.Bytea);

    /// <summary>Adds a statement to a batch.</summary>
    public static void Add(this NpgsqlBatch batch, string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = batch.CreateBatchCommand();
        command.CommandText = sql;
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(parameter);
        }

        batch.BatchCommands.Add(command);
    }

    /// <summary>Makes a command of one statement.</summary>
    public static NpgsqlCommand Command(this NpgsqlConnection connection, string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(parameter);
        }

        return command;
    }

    /// <summary>Runs a statement. It is not given up by a token: that would end the connection.</summary>
    /// <returns>How many rows it has changed.</returns>
    public static async Task<int> RunAsync(this NpgsqlConnection connection, string sql, params NpgsqlParameter[] parameters)
    {
        await using var command = connection.Command(sql, parameters);
        return await command.ExecuteNonQueryAsync(CancellationToken.None);
    }

    /// <summary>Runs a statement.</summary>
    /// <returns>The first column of the first row; null if there is none or it is null.</returns>
    public static async Task<object?> ScalarAsync(this NpgsqlConnection connection, string sql, params NpgsqlParameter[] parameters)
    {
        await using var command = connection.Command(sql, parameters);
        return await command.ExecuteScalarAsync(CancellationToken.None) is { } value and not DBNull ? value : null;
    }

    private static NpgsqlParameter<T[]> Array<T>(T[] values, NpgsqlDbType type) =>
        new() { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | type };
}
