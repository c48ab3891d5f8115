namespace Batching.Testing;

/// <summary>A batch that was accepted.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Created">When, in seconds since the epoch.</param>
/// <param name="RequestIds">The ids of its requests, in the order given.</param>
public sealed record SubmittedBatch(string Id, long Created, IReadOnlyList<string> RequestIds)
{
    public string Path => $"{RestClient.BatchPath}/{Id}";
}
