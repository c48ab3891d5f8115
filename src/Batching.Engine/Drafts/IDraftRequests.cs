using Batching.Engine.Model;

namespace Batching.Engine.Drafts;

/// <summary>The requests of one draft, for one attempt to read them. Not thread-safe.</summary>
public interface IDraftRequests
{
    /// <summary>
    /// Reads them from the first on, each in the same place in every attempt. In the place of one that is bad stands the problem;
    /// those behind it are still read, for their problems.
    /// </summary>
    IAsyncEnumerable<DraftPart> ReadAsync(CancellationToken cancellationToken);

    /// <summary>
    /// The problems of a draft that is given up, as the dialect will read them. Those of the engine name a request by its place among
    /// those that were read.
    /// </summary>
    byte[] Encode(IReadOnlyList<Problem> problems);
}
