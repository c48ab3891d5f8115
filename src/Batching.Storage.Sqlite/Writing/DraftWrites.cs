using Batching.Engine.Model;

namespace Batching.Storage.Sqlite.Writing;

/// <summary>The changes of drafts. Used on the writer's thread.</summary>
internal sealed class DraftWrites(Statements statements, OwnerCounts owners, RowSweeper sweeper)
{
    private readonly Statement _insert = statements.Add(
        """
        INSERT INTO drafts (batch_key, owner, create_time_ms, delete_time_ms, credential, peer, trace, attributes)
        VALUES ($key, $owner, $created, $deletes, $credential, $peer, $trace, $attributes)
        """,
        "$key", "$owner", "$created", "$deletes", "$credential", "$peer", "$trace", "$attributes");

    private readonly Statement _end = statements.Add(
        """
        UPDATE drafts SET end_time_ms = $ended, problems = $problems, credential = NULL
        WHERE batch_key = $key AND end_time_ms IS NULL RETURNING owner
        """,
        "$key", "$ended", "$problems");

    private readonly Statement _delete = statements.Add(
        "DELETE FROM drafts WHERE batch_key = $key RETURNING owner, length(attributes) + coalesce(length(problems), 0)",
        "$key");

    private readonly Statement _unstage =
        statements.Add("DELETE FROM staged_batches WHERE batch_key = $key RETURNING request_bytes", "$key");

    public void Add(BatchDraft draft)
    {
        _insert.Execute(
            draft.Key,
            draft.Owner,
            draft.CreateTime.ToUnixTimeMilliseconds(),
            draft.DeleteTime.ToUnixTimeMilliseconds(),
            draft.Credential,
            draft.Peer,
            draft.Trace,
            draft.Attributes);
        owners.Add(draft.Owner, 0, 0, draft.Attributes.Length);
    }

    public void End(long batchKey, DateTimeOffset endTime, byte[]? problems)
    {
        using (var draft = _end.Query(batchKey, endTime.ToUnixTimeMilliseconds(), problems))
        {
            if (!draft.Read())
            {
                return;
            }

            owners.Add(draft.GetText(0), 0, 0, problems?.Length ?? 0);
        }

        Unstage(batchKey);
    }

    public void Delete(long batchKey)
    {
        Remove(batchKey);
        Unstage(batchKey);
    }

    /// <summary>Deletes a draft, and leaves what is staged to the batch that it has become.</summary>
    public void Remove(long batchKey)
    {
        using var draft = _delete.Query(batchKey);
        if (draft.Read())
        {
            owners.Add(draft.GetText(0), 0, 0, -draft.GetInt64(1));
        }
    }

    private void Unstage(long batchKey)
    {
        if (_unstage.Number(batchKey) is not null)
        {
            sweeper.Begin(batchKey, SweepScope.Everything);
        }
    }
}
