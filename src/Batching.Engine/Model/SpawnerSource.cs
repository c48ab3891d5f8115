using Batching.V1;

namespace Batching.Engine.Model;

/// <summary>A spawner that pages refer to, decoded when it is first wanted. Not thread-safe.</summary>
/// <param name="id">Its id.</param>
/// <param name="index">Its index.</param>
/// <param name="window">Where it is.</param>
internal sealed class SpawnerSource(string id, int index, RequestWindow window)
{
    public string Id => id;

    public int Index => index;

    public RequestWindow Window => window;

    /// <summary>The spawner; not to be changed.</summary>
    public Request Definition => field ??= window[index];

    /// <summary>Its encoded bytes.</summary>
    public int Size => window.SizeOf(index);
}
