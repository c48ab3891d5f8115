using Batching.Engine.Storage;
using Batching.Storage.Postgres.Opening;
using Npgsql;

namespace Batching.Storage.Postgres.Writing;

/// <summary>
/// The statements of a whole group of changes. They are sent together and are one transaction: the server commits at the end of
/// what was sent, and undoes all of it after an error.
/// </summary>
internal static class CommitStatements
{
    private const string Begin = "SELECT begin_commit($1, $2, $3)";

    // Not SET LOCAL, which warns of a transaction that nobody has begun by a statement of its own.
    private const string DontFlush = "SELECT set_config('synchronous_commit', 'off', true)";

    /// <summary>Adds what every group begins with.</summary>
    /// <param name="batch">What is sent.</param>
    /// <param name="gatewayId">The number of this gateway, which has to hold the store.</param>
    /// <param name="epoch">The epoch that commits have to be of.</param>
    /// <param name="number">The number of this commit.</param>
    public static void AddBegin(NpgsqlBatch batch, long gatewayId, long epoch, long number) =>
        batch.Add(Begin, Sql.Of(gatewayId), Sql.Of(epoch), Sql.Of(number));

    /// <summary>Adds the changes.</summary>
    /// <param name="batch">What is sent.</param>
    /// <param name="writes">The changes.</param>
    /// <param name="gatewayId">The number of this gateway.</param>
    /// <param name="isShared">Whether other gateways make changes, too.</param>
    /// <param name="areAll">Whether nothing else is in the group.</param>
    public static void Add(
        NpgsqlBatch batch, IReadOnlyList<StoreWrite> writes, long gatewayId, bool isShared, bool areAll = true)
    {
        if (areAll && writes.All(static write => write is StoreWrite.MoveReceivedMark { Messages.Count: 0 }))
        {
            // A mark that a crash takes back costs a client a result that it has already.
            batch.Add(DontFlush);
        }

        foreach (var run in WriteRun.Group(writes))
        {
            Add(batch, run, gatewayId, isShared);
            MessageStatements.Add(batch, run.Of<StoreWrite>());
        }

        if (isShared)
        {
            SharedStatements.AddChanges(batch, writes);
        }
    }

    /// <summary>Measures about what is sent.</summary>
    public static long BytesOf(IReadOnlyList<StoreWrite> writes) => writes.Sum(write => write.Messages.Sum(message => (long)message.Body.Length) + write switch
    {
        StoreWrite.AppendResults append => AcceptStatements.BytesOf(append.Spawned)
            + append.Segments.Sum(segment => (long)segment.Entries.Length + (segment.Payload?.Length ?? 0)),
        StoreWrite.AppendShared shared => shared.Bytes,
        StoreWrite.Accept accept => AcceptStatements.BytesOf(accept.Windows),
        StoreWrite.Stage stage => AcceptStatements.BytesOf(stage.Windows),
        _ => 0,
    });

    private static void Add(NpgsqlBatch batch, WriteRun run, long gatewayId, bool isShared)
    {
        if (run.Kind == typeof(StoreWrite.AppendResults))
        {
            AppendStatements.Add(batch, run.Of<StoreWrite.AppendResults>());
        }
        else if (run.Kind == typeof(StoreWrite.Accept))
        {
            AcceptStatements.Add(batch, run.Of<StoreWrite.Accept>(), isShared ? gatewayId : null);
        }
        else if (run.Kind == typeof(StoreWrite.Stage))
        {
            AcceptStatements.Add(batch, run.Of<StoreWrite.Stage>(), gatewayId);
        }
        else if (run.Kind == typeof(StoreWrite.MarkStarted))
        {
            MarkStatements.Add(batch, run.Of<StoreWrite.MarkStarted>());
        }
        else if (run.Kind == typeof(StoreWrite.MoveReceivedMark))
        {
            MarkStatements.Add(batch, run.Of<StoreWrite.MoveReceivedMark>());
        }
        else if (run.Kind == typeof(StoreWrite.Cancel))
        {
            MarkStatements.Add(batch, run.Of<StoreWrite.Cancel>());
        }
        else if (run.Kind == typeof(StoreWrite.Expire))
        {
            EndStatements.AddExpire(batch, run.Keys);
        }
        else if (run.Kind == typeof(StoreWrite.Delete))
        {
            EndStatements.AddDelete(batch, run.Keys);
        }
        else if (run.Kind == typeof(StoreWrite.NoteAttempt))
        {
            MessageStatements.Add(batch, run.Of<StoreWrite.NoteAttempt>());
        }
        else if (run.Kind == typeof(StoreWrite.Resend))
        {
            MessageStatements.Add(batch, run.Of<StoreWrite.Resend>());
        }
        else
        {
            throw new ArgumentException($"Unknown change {run.Kind.Name}.", nameof(run));
        }
    }
}
