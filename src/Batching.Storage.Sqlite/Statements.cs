using Microsoft.Data.Sqlite;

namespace Batching.Storage.Sqlite;

/// <summary>The statements of one connection. They have to be disposed before it, or it stays open. Not thread-safe.</summary>
internal sealed class Statements(SqliteConnection connection) : IDisposable
{
    private readonly List<Statement> _all = [];

    /// <summary>Adds a statement.</summary>
    /// <param name="sql">The text.</param>
    /// <param name="parameters">The names of all parameters, in the order in which their values will be given.</param>
    public Statement Add(string sql, params string[] parameters)
    {
        var statement = new Statement(connection, sql, parameters);
        _all.Add(statement);
        return statement;
    }

    public void Dispose() => _all.ForEach(static statement => statement.Dispose());
}
