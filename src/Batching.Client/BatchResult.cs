using Batching.V1;

namespace Batching.Client;

/// <summary>A finished request of a batch, and what came of it.</summary>
public sealed class BatchResult : CallReply
{
    internal BatchResult(Request request)
        : base(request.Response ?? new Response()) => Request = request;

    /// <summary>The request as the contract has it. Its body is not in it: replies don't echo that.</summary>
    public Request Request { get; }

    /// <summary>The id of the request: 16 digits.</summary>
    public string Id => Request.Id;

    /// <summary>The key that the caller gave the request; empty if it has none, which those that a spawner has produced never have.</summary>
    public string Key => Request.Key;

    /// <summary>
    /// The place of the request in the batch, from 0: first the requests that were submitted, in the order given, then the spawned
    /// ones, in the order they were stored.
    /// </summary>
    public int Index => Request.Index;

    /// <summary>The place of the result in the batch, from 1: to be given as <see cref="ReadOptions.After"/> to go on behind it.</summary>
    public long Position => Request.Position;

    /// <summary>The id of the batch; of a page, the id of its spawner.</summary>
    public string SpawnedBy => Request.SpawnedBy;
}
