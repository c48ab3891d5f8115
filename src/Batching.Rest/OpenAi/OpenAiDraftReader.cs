using Batching.Engine.Configuration;
using Batching.Engine.Drafts;
using Batching.Engine.Files;
using Batching.Engine.Model;
using Batching.Engine.Submission;
using Microsoft.Extensions.Options;

namespace Batching.Rest.OpenAi;

/// <summary>Reads the requests of batches from their input files. Thread-safe.</summary>
internal sealed class OpenAiDraftReader(
    BatchFiles files, IOptions<OpenAiOptions> options, IOptions<BatchEngineOptions> engine) : IDraftReader
{
    private readonly BatchEngineOptions _engine = engine.Value;

    public bool CanRead(BatchDraft draft) => OpenAiBatch.IsOwn(draft.Attributes);

    public BatchTerms TermsOf(BatchDraft draft)
    {
        var stored = OpenAiBatch.Unpack(draft.Attributes);
        var deadline = draft.CreateTime + TimeSpan.FromSeconds(stored.WindowSeconds);
        var expireTime = deadline + TimeSpan.FromSeconds(stored.OutputSeconds);
        var deleteTime = draft.CreateTime + _engine.Retention.Metadata;
        return new BatchTerms
        {
            Attributes = draft.Attributes,
            Deadline = deadline,
            ExpireTime = expireTime,
            DeleteTime = deleteTime > expireTime ? deleteTime : expireTime,

            // A call of a model changes nothing.
            MayRepeat = true,
        };
    }

    public IDraftRequests Open(BatchDraft draft) =>
        new OpenAiDraft(files, draft.Owner, OpenAiBatch.Unpack(draft.Attributes), options.Value, _engine.Limits.JsonDepth);
}
