using Batching.Engine.Model;
using Batching.Engine.Submission;

namespace Batching.Engine.Drafts;

/// <summary>Reads the requests of drafts: the part of it that only their dialect knows. Thread-safe.</summary>
public interface IDraftReader
{
    /// <summary>Whether a draft is of this dialect.</summary>
    bool CanRead(BatchDraft draft);

    /// <summary>The terms on which the batch is accepted.</summary>
    BatchTerms TermsOf(BatchDraft draft);

    /// <summary>
    /// Reads the requests from the first on, each in the same place whenever it is read. In the place of one that is bad stands
    /// the problem; those behind it are still read, for their problems.
    /// </summary>
    IAsyncEnumerable<DraftPart> ReadAsync(BatchDraft draft, CancellationToken cancellationToken);

    /// <summary>The problems of a draft that is given up, as the dialect will read them.</summary>
    byte[] Encode(BatchDraft draft, IReadOnlyList<Problem> problems);
}
