using Batching.Engine.Storage;

namespace Batching.Engine.Committing;

/// <summary>A change that somebody waits for.</summary>
/// <param name="Write">The change.</param>
/// <param name="Done">Told what becomes of it.</param>
internal readonly record struct PendingWrite(StoreWrite Write, TaskCompletionSource Done)
{
    /// <summary>About how much room it takes.</summary>
    public long Bytes => 64 + (Write switch
    {
        StoreWrite.Accept accept => accept.Windows.Sum(window => (long)window.Data.Length),
        StoreWrite.Stage stage => stage.Windows.Sum(window => (long)window.Data.Length),
        _ => 0,
    });

    /// <summary>Tells all who wait that their changes were not made.</summary>
    public static void FailAll(IEnumerable<PendingWrite> writes, Exception failure)
    {
        foreach (var write in writes)
        {
            write.Done.TrySetException(failure);
        }
    }
}
