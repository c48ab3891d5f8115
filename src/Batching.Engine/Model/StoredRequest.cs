using Batching.V1;

namespace Batching.Engine.Model;

/// <summary>A request where it is stored. Not thread-safe.</summary>
/// <param name="Window">Its window.</param>
/// <param name="Index">Its index.</param>
internal readonly record struct StoredRequest(RequestWindow Window, int Index)
{
    /// <summary>The row of a page that refers to its spawner; null for every other request.</summary>
    public Request? Row { get; init; }

    /// <summary>The spawner that the row refers to.</summary>
    public SpawnerSource? Spawner { get; init; }

    /// <summary>Encoded bytes of all that it consists of.</summary>
    public int Size => Window.SizeOf(Index) + (Spawner?.Size ?? 0);

    /// <summary>The request as it is sent, decoded anew each time: it is the caller's own.</summary>
    public Request Decode() => Row is null ? Window[Index] : PageRow.ToRequest(Row, Spawner!.Definition);

    /// <summary>
    /// Reads fields of a definition that callers are shown. What they are not shown, header fields and body, may be many
    /// bytes, and is passed over.
    /// </summary>
    /// <param name="view">Where the fields are set; those that the definition lacks stay as they are.</param>
    /// <param name="fields">Which are wanted.</param>
    public void ReadShown(Request view, RequestFields fields)
    {
        if (Row is null)
        {
            Window.ReadShown(Index, view, fields);
        }
        else
        {
            Spawner!.Window.ReadShown(Spawner.Index, view, fields & PageRow.FieldsOfSpawner(Row));
            PageRow.AddShown(view, Row, fields);
        }
    }
}
