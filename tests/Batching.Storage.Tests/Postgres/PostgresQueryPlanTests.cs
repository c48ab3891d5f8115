using System.Globalization;
using System.Text.RegularExpressions;
using Batching.Storage.Postgres.Reading;

namespace Batching.Storage.Tests.Postgres;

/// <summary>Reads stay fast however much there is: each one finds its rows by an index and sorts nothing.</summary>
[NeedsPostgres]
public sealed partial class PostgresQueryPlanTests
{
    private const string Owner = "'a'::bytea";
    private const string Number = "1::bigint";
    private const string Limit = "10";

    private static readonly Lazy<string> Database = new(PostgresStores.CreateDatabase);

    /// <summary>The queries, and what stands for their parameters.</summary>
    public static TheoryData<string, string[]> Statements => new()
    {
        { ReadSql.FindOwnedBatch, [Owner, Number] },
        { ReadSql.FindSubmission, [Owner, Owner] },
        { ReadSql.ReadUsage, [Owner] },
        { ReadSql.ListBatches, [Owner, Number, Limit] },
        { ReadSql.ListUnfinished, [Number, Limit] },
        { ReadSql.ListToStart, [Number, Number, Number, Limit] },
        { ReadSql.ListToExpire, [Number, Limit] },
        { ReadSql.ListToDelete, [Number, Limit] },
        { MessageReader.ListDue, [Owner, "'host'", Number, Limit, Limit] },
        { MessageReader.FindNextTime, [Number] },
        { MessageReader.ListOfBatch, [Number] },
        { MessageReader.Count, [Limit] },
        { MessageReader.CountOfOwner, [Limit, Owner] },
        { FileReader.Find, [Owner, Number] },
        { FileReader.List, [Owner, Number, Limit] },
        { FileReader.ListToDelete, [Number, Limit] },
        { FileReader.Read, [Number, Number, Limit] },
        { DraftReader.Find, [Owner, Number] },
        { DraftReader.List, [Owner, Number, Limit] },
        { DraftReader.ListOpen, [Number, Limit] },
        { DraftReader.ListToDelete, [Number, Limit] },
        { DraftReader.CountStaged, [Number] },
    };

    [Theory]
    [MemberData(nameof(Statements))]
    public void Plan_OfARead_SearchesByIndexAndSortsNothing(string sql, string[] values)
    {
        var statement = Parameter().Replace(
            sql, match => values[int.Parse(match.ValueSpan[1..], CultureInfo.InvariantCulture) - 1]);

        // Tables are small here: the planner is told to take an index wherever it can.
        var plan = PostgresStores.Query(
            Database.Value,
            $"SET search_path = batch; SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off; EXPLAIN {statement}");

        Assert.Contains("Index", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("Seq Scan", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("Sort", plan, StringComparison.Ordinal);
    }

    [GeneratedRegex("[$][0-9]+")]
    private static partial Regex Parameter();
}
