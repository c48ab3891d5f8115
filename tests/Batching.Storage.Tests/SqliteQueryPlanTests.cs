using Batching.Storage.Sqlite.Reading;
using Microsoft.Data.Sqlite;

namespace Batching.Storage.Tests;

/// <summary>Reads stay fast however much is finished: each one finds its rows by an index and sorts nothing.</summary>
public class SqliteQueryPlanTests
{
    public static TheoryData<string> Statements => new(
        BatchReads.FindSql,
        BatchReads.FindOwnedSql,
        BatchReads.FindSubmissionSql,
        ReadSession.ReadUsageSql,
        BatchReads.ListSql,
        BatchReads.ListUnfinishedSql,
        BatchReads.ListToStartSql,
        BatchReads.ListToExpireSql,
        BatchReads.ListToDeleteSql,
        ReadSession.ReadWindowSql,
        ReadSession.ReadSegmentSql,
        ReadSession.FindPayloadSql,
        ReadSession.ReadEntriesSql,
        ReadSession.ListStartedSql,
        MessageReads.NextLaneSql,
        MessageReads.ListDueSql,
        MessageReads.FindNextTimeSql,
        MessageReads.ListOfBatchSql,
        FileReads.FindSql,
        FileReads.ListSql,
        FileReads.ListToDeleteSql,
        FileReads.ReadSql,
        FileReads.ExistsSql,
        DraftReads.FindSql,
        DraftReads.ListSql,
        DraftReads.ListOpenSql,
        DraftReads.ListToDeleteSql,
        DraftReads.CountStagedSql);

    [Theory]
    [MemberData(nameof(Statements))]
    public async Task Plan_OfEveryRead_SearchesByIndexAndSortsNothing(string sql)
    {
        using var directory = new TemporaryDirectory();
        await using var store = SqliteStores.Create(directory.Path);
        await store.OpenAsync(default);
        using var connection = new SqliteConnection($"Data Source={directory.File("batch.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"EXPLAIN QUERY PLAN {sql}";
        foreach (var name in (string[])["$key", "$owner", "$submissionKey", "$host", "$before", "$afterKey", "$after", "$until", "$now", "$index", "$position", "$limit", "$offset"])
        {
            if (sql.Contains(name, StringComparison.Ordinal))
            {
                command.Parameters.AddWithValue(name, 1L);
            }
        }

        using var reader = command.ExecuteReader();
        var steps = new List<string>();
        while (reader.Read())
        {
            steps.Add(reader.GetString(3));
        }

        Assert.NotEmpty(steps);
        Assert.DoesNotContain(steps, step => step.Contains("TEMP B-TREE", StringComparison.Ordinal));
        Assert.DoesNotContain(
            steps, step => step.StartsWith("SCAN", StringComparison.Ordinal) && step != "SCAN CONSTANT ROW");
    }
}
