using Batching.Engine.Storage;

namespace Batching.Storage.Postgres.Writing;

/// <summary>
/// Changes of one kind that are made by the same few statements, whatever batches they are of. The changes of a group are put
/// into as few of them as possible, so that those of each batch stay in their order.
/// </summary>
/// <param name="kind">Their type.</param>
internal sealed class WriteRun(Type kind)
{
    private readonly List<StoreWrite> _writes = [];

    /// <summary>The type of the changes.</summary>
    public Type Kind => kind;

    /// <summary>The keys of their batches, each once.</summary>
    public long[] Keys => [.. _writes.Select(write => write.BatchKey).Distinct()];

    /// <summary>The changes, in order.</summary>
    public IReadOnlyList<TWrite> Of<TWrite>()
        where TWrite : StoreWrite => [.. _writes.Cast<TWrite>()];

    /// <summary>Puts the changes of a group together.</summary>
    public static IReadOnlyList<WriteRun> Group(IReadOnlyList<StoreWrite> writes)
    {
        var runs = new List<WriteRun>();
        var last = new Dictionary<long, int>();
        var (lastDelete, lastKeyed) = (-1, -1);
        foreach (var write in writes)
        {
            var kind = write.GetType();
            var first = 0;
            if (last.TryGetValue(write.BatchKey, out var before))
            {
                first = runs[before].Kind == kind && MayShareARun(write) ? before : before + 1;
            }

            // A batch that is deleted frees its submission key for one behind it.
            var isKeyed = write is StoreWrite.Accept { Batch.SubmissionKey: not null };
            first = Math.Max(first, isKeyed ? lastDelete + 1 : write is StoreWrite.Delete ? lastKeyed + 1 : 0);

            var index = runs.FindIndex(Math.Min(first, runs.Count), run => run.Kind == kind);
            if (index < 0)
            {
                index = runs.Count;
                runs.Add(new WriteRun(kind));
            }

            runs[index]._writes.Add(write);
            last[write.BatchKey] = index;
            lastDelete = write is StoreWrite.Delete ? Math.Max(lastDelete, index) : lastDelete;
            lastKeyed = isKeyed ? Math.Max(lastKeyed, index) : lastKeyed;
        }

        return runs;
    }

    // The others build upon each other, so that a statement can't make two of them for the same batch.
    private static bool MayShareARun(StoreWrite write) =>
        write is not (StoreWrite.Stage or StoreWrite.Accept or StoreWrite.AppendResults
            or StoreWrite.NoteAttempt or StoreWrite.Resend);
}
