using Microsoft.Data.Sqlite;
using SQLitePCL;
using static SQLitePCL.raw;

namespace Batching.Storage.Sqlite;

/// <summary>
/// One SQL statement of one connection, compiled at its first use and kept. It calls SQLite itself: commands, parameters
/// and readers of ADO.NET, made anew for each of a batch's dozen statements, cost more than SQLite does. Not thread-safe.
/// </summary>
/// <param name="connection">Where it runs.</param>
/// <param name="sql">The text.</param>
/// <param name="parameters">The names of all parameters, in the order in which their values will be given.</param>
internal sealed class Statement(SqliteConnection connection, string sql, string[] parameters) : IDisposable
{
    private readonly int[] _indexes = new int[parameters.Length];
    private sqlite3_stmt? _statement;

    /// <summary>Runs it to its end and returns how many rows it changed.</summary>
    public int Execute(params ReadOnlySpan<StatementValue> values)
    {
        using var rows = Query(values);
        while (rows.Read())
        {
        }

        return sqlite3_changes(connection.Handle);
    }

    /// <summary>Runs it and returns the integer in the first column of its first row; null if there is no row.</summary>
    public long? Number(params ReadOnlySpan<StatementValue> values)
    {
        using var rows = Query(values);
        return rows.Read() ? rows.GetInt64(0) : null;
    }

    /// <summary>Starts it. It holds its snapshot until the rows are disposed.</summary>
    public Rows Query(params ReadOnlySpan<StatementValue> values)
    {
        var statement = _statement ??= Compile();
        for (var i = 0; i < values.Length; i++)
        {
            Check(Bind(statement, _indexes[i], values[i]));
        }

        return new Rows(this, statement);
    }

    public void Dispose() => _statement?.Dispose();

    private static int Bind(sqlite3_stmt statement, int index, in StatementValue value) => value switch
    {
        { IsNull: true } => sqlite3_bind_null(statement, index),
        { Text: { } text } => sqlite3_bind_text(statement, index, text),
        { Blob: { } blob } => sqlite3_bind_blob(statement, index, blob),
        _ => sqlite3_bind_int64(statement, index, value.Number),
    };

    private sqlite3_stmt Compile()
    {
        Check(sqlite3_prepare_v3(connection.Handle, sql, SQLITE_PREPARE_PERSISTENT, out var statement));
        for (var i = 0; i < parameters.Length; i++)
        {
            _indexes[i] = sqlite3_bind_parameter_index(statement, parameters[i]);
        }

        return statement;
    }

    private void Check(int result) => SqliteException.ThrowExceptionForRC(result, connection.Handle);

    private bool Step(sqlite3_stmt statement)
    {
        var result = sqlite3_step(statement);
        if (result is not (SQLITE_ROW or SQLITE_DONE))
        {
            Check(result);
        }

        return result == SQLITE_ROW;
    }

    /// <summary>The rows of a statement that was started. Disposing them makes it ready for the next time.</summary>
    internal readonly struct Rows(Statement statement, sqlite3_stmt handle) : IDisposable
    {
        /// <summary>Goes to the next row, or to the first one.</summary>
        /// <returns>False if there is none.</returns>
        public bool Read() => statement.Step(handle);

        public bool IsNull(int column) => sqlite3_column_type(handle, column) == SQLITE_NULL;

        public bool GetBoolean(int column) => GetInt64(column) != 0;

        public int GetInt32(int column) => checked((int)GetInt64(column));

        public long GetInt64(int column) => sqlite3_column_int64(handle, column);

        public DateTimeOffset GetTime(int column) => DateTimeOffset.FromUnixTimeMilliseconds(GetInt64(column));

        public string GetText(int column) => sqlite3_column_text(handle, column).utf8_to_string();

        public byte[] GetBlob(int column) => sqlite3_column_blob(handle, column).ToArray();

        public void Dispose()
        {
            // What it has failed with was thrown already, and this only says so again.
            sqlite3_reset(handle);

            // SQLite has copied the blobs, and would keep the copies until the next time.
            sqlite3_clear_bindings(handle);
        }
    }
}
