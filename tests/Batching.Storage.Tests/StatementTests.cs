using Batching.Storage.Sqlite;
using Microsoft.Data.Sqlite;

namespace Batching.Storage.Tests;

public sealed class StatementTests : IDisposable
{
    private readonly SqliteConnection _connection = new("Data Source=:memory:;Pooling=False");
    private readonly Statements _statements;

    public StatementTests()
    {
        _connection.Open();
        _statements = new Statements(_connection);
        _statements.Add("CREATE TABLE t (a INTEGER NOT NULL UNIQUE, b TEXT, c BLOB) STRICT").Execute();
    }

    public void Dispose()
    {
        _statements.Dispose();
        _connection.Dispose();
    }

    [Fact]
    public void Query_ValuesOfEachType_AreReadAsTheyWereBound()
    {
        // By name: their order in the text is another one.
        var insert = _statements.Add("INSERT INTO t (c, b, a) VALUES ($c, $b, $a)", "$a", "$b", "$c");
        Assert.Equal(1, insert.Execute(long.MaxValue, "ü\0x", new byte[] { 0, 255 }));
        Assert.Equal(1, insert.Execute(1, "", Array.Empty<byte>()));
        Assert.Equal(1, insert.Execute((long?)2, (string?)null, (byte[]?)null));
        Assert.Equal(1, insert.Execute(false, (string?)null, (long?)null));

        using var rows = _statements.Add("SELECT a, b, c FROM t ORDER BY a DESC").Query();
        Assert.True(rows.Read());
        Assert.Equal((long.MaxValue, "ü\0x"), (rows.GetInt64(0), rows.GetText(1)));
        Assert.Equal([0, 255], rows.GetBlob(2));
        Assert.Throws<OverflowException>(() => rows.GetInt32(0));
        Assert.True(rows.Read());
        Assert.Equal((2, true, true), (rows.GetInt32(0), rows.IsNull(1), rows.IsNull(2)));
        Assert.True(rows.Read());
        Assert.Equal((true, "", false), (rows.GetBoolean(0), rows.GetText(1), rows.IsNull(2)));
        Assert.Empty(rows.GetBlob(2));
        Assert.True(rows.Read());
        Assert.False(rows.GetBoolean(0));
        Assert.False(rows.Read());
    }

    [Fact]
    public void Number_NoRow_IsNull() => Assert.Null(_statements.Add("SELECT a FROM t").Number());

    [Fact]
    public void Execute_AfterARefusedRow_WorksAgain()
    {
        var insert = _statements.Add("INSERT INTO t (a) VALUES ($a)", "$a");
        insert.Execute(1);
        var refused = Assert.Throws<SqliteException>(() => insert.Execute(1));
        Assert.Equal(SQLitePCL.raw.SQLITE_CONSTRAINT, refused.SqliteErrorCode);
        Assert.Equal(SQLitePCL.raw.SQLITE_CONSTRAINT_UNIQUE, refused.SqliteExtendedErrorCode);
        Assert.Equal(1, insert.Execute(2));
    }

    [Fact]
    public void Query_WrongText_SaysSo() =>
        Assert.Throws<SqliteException>(() => _statements.Add("SELECT nothing FROM t").Number());

    // What was bound the last time must not be there the next time.
    [Fact]
    public void Execute_FewerValuesThanBefore_BindsNull()
    {
        var insert = _statements.Add("INSERT INTO t (a, b) VALUES ($a, $b)", "$a", "$b");
        insert.Execute(1, "x");
        insert.Execute(2);
        Assert.Equal(1, _statements.Add("SELECT count(*) FROM t WHERE b IS NULL").Number());
    }
}
