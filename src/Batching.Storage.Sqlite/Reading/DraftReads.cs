using Batching.Engine.Model;

namespace Batching.Storage.Sqlite.Reading;

/// <summary>The queries for drafts. Used by one reader at a time.</summary>
internal sealed class DraftReads(Statements statements)
{
    private const string Columns =
        "batch_key, owner, create_time_ms, delete_time_ms, end_time_ms, credential, peer, trace, attributes, problems";

    // By the owner's index, which a draft of another owner is as much missing from as one that isn't there.
    internal const string FindSql =
        $"SELECT {Columns} FROM drafts INDEXED BY drafts_by_owner WHERE owner = $owner AND batch_key = $key";

    internal const string ListSql =
        $"""
        SELECT {Columns} FROM drafts WHERE owner = $owner AND batch_key < $before
        ORDER BY batch_key DESC LIMIT $limit
        """;

    internal const string ListOpenSql =
        $"""
        SELECT {Columns} FROM drafts WHERE end_time_ms IS NULL AND batch_key > $after
        ORDER BY batch_key LIMIT $limit
        """;

    internal const string ListToDeleteSql =
        $"""
        SELECT {Columns} FROM drafts WHERE delete_time_ms <= $now
        ORDER BY delete_time_ms, batch_key LIMIT $limit
        """;

    internal const string CountStagedSql =
        """
        SELECT first_index + request_count FROM request_windows WHERE batch_key = $key ORDER BY first_index DESC LIMIT 1
        """;

    private readonly Statement _find = statements.Add(FindSql, "$owner", "$key");
    private readonly Statement _list = statements.Add(ListSql, "$owner", "$before", "$limit");
    private readonly Statement _listOpen = statements.Add(ListOpenSql, "$after", "$limit");
    private readonly Statement _listToDelete = statements.Add(ListToDeleteSql, "$now", "$limit");
    private readonly Statement _countStaged = statements.Add(CountStagedSql, "$key");

    public BatchDraft? Find(string owner, long batchKey) => All(_find.Query(owner, batchKey)).FirstOrDefault();

    public IReadOnlyList<BatchDraft> List(string owner, long beforeKey, int limit) =>
        All(_list.Query(owner, beforeKey, limit));

    public IReadOnlyList<BatchDraft> ListOpen(long afterKey, int limit) => All(_listOpen.Query(afterKey, limit));

    public IReadOnlyList<BatchDraft> ListToDelete(DateTimeOffset now, int limit) =>
        All(_listToDelete.Query(now.ToUnixTimeMilliseconds(), limit));

    public int CountStaged(long batchKey) => (int)(_countStaged.Number(batchKey) ?? 0);

    private static List<BatchDraft> All(Statement.Rows reader)
    {
        using (reader)
        {
            var drafts = new List<BatchDraft>();
            while (reader.Read())
            {
                drafts.Add(new BatchDraft
                {
                    Key = reader.GetInt64(0),
                    Owner = reader.GetText(1),
                    CreateTime = reader.GetTime(2),
                    DeleteTime = reader.GetTime(3),
                    EndTime = reader.IsNull(4) ? null : reader.GetTime(4),
                    Credential = reader.IsNull(5) ? null : reader.GetBlob(5),
                    Peer = reader.IsNull(6) ? null : reader.GetText(6),
                    Trace = reader.IsNull(7) ? null : reader.GetText(7),
                    Attributes = reader.GetBlob(8),
                    Problems = reader.IsNull(9) ? null : reader.GetBlob(9),
                });
            }

            return drafts;
        }
    }
}
