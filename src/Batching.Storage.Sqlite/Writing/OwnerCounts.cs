using System.Runtime.InteropServices;

namespace Batching.Storage.Sqlite.Writing;

/// <summary>
/// Keeps count of what the batches of each owner take: gathers the changes of a transaction, and makes one of them for
/// each owner at its end. Used on the writer's thread.
/// </summary>
internal sealed class OwnerCounts
{
    private readonly Dictionary<string, (int Batches, long Requests, long Bytes)> _changes = new(StringComparer.Ordinal);
    private readonly Statement _update;
    private readonly Statement _insert;
    private readonly Statement _removeEmpty;

    public OwnerCounts(Statements statements)
    {
        _update = statements.Add(
            """
            UPDATE owners SET batches = batches + $batches, requests = requests + $requests, bytes = bytes + $bytes
            WHERE owner = $owner RETURNING batches = 0 AND bytes = 0
            """,
            "$owner", "$batches", "$requests", "$bytes");
        _insert = statements.Add("INSERT INTO owners (owner, batches, requests, bytes) VALUES ($owner, $batches, $requests, $bytes)",
            "$owner", "$batches", "$requests", "$bytes");
        _removeEmpty = statements.Add("DELETE FROM owners WHERE owner = $owner", "$owner");
    }

    /// <summary>A transaction begins; what another one has not stored is forgotten with it.</summary>
    public void Begin() => _changes.Clear();

    /// <summary>Adds to what an owner's batches take, or takes from it.</summary>
    public void Add(string owner, int batches, long requests, long bytes)
    {
        ref var change = ref CollectionsMarshal.GetValueRefOrAddDefault(_changes, owner, out _);
        change = (change.Batches + batches, change.Requests + requests, change.Bytes + bytes);
    }

    /// <summary>Stores the changes, in the transaction that is about to end.</summary>
    public void Store()
    {
        foreach (var (owner, (batches, requests, bytes)) in _changes)
        {
            switch (_update.Number(owner, batches, requests, bytes))
            {
                case null when batches != 0 || bytes != 0:
                    _insert.Execute(owner, batches, requests, bytes);
                    break;
                case 1:
                    _removeEmpty.Execute(owner);
                    break;
            }
        }
    }
}
