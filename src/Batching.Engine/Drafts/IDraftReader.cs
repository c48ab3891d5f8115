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

    /// <summary>Begins an attempt to read the requests of a draft.</summary>
    IDraftRequests Open(BatchDraft draft);
}
