using System.Runtime.CompilerServices;
using System.Text;
using Batching.Engine.Drafts;
using Batching.Engine.Model;
using Batching.Engine.Submission;
using Batching.Engine.Tests.Infrastructure;
using Batching.V1;

namespace Batching.Engine.Tests.Drafts;

/// <summary>Drafts of so many requests as their attributes say, which are held before the last part of them.</summary>
internal sealed class HeldDrafts(Gate gate) : IDraftReader
{
    private const int PartCount = 100;

    // More than a bit that is staged.
    private static readonly string Long = new('x', 4_000);

    public bool CanRead(BatchDraft draft) => true;

    public BatchTerms TermsOf(BatchDraft draft) => new()
    {
        Attributes = draft.Attributes,
        Deadline = draft.CreateTime.AddHours(1),
        ExpireTime = draft.CreateTime.AddHours(2),
        DeleteTime = draft.CreateTime.AddHours(3),
    };

    public IDraftRequests Open(BatchDraft draft) => new Requests(gate, draft);

    private sealed class Requests(Gate gate, BatchDraft draft) : IDraftRequests
    {
        public async IAsyncEnumerable<DraftPart> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            var count = int.Parse(Encoding.ASCII.GetString(draft.Attributes), System.Globalization.CultureInfo.InvariantCulture);
            for (var first = 0; first < count; first += PartCount)
            {
                if (first + PartCount >= count)
                {
                    await gate.PassAsync(cancellationToken);
                }

                yield return DraftPart.Of([.. Enumerable.Range(first, PartCount).Select(i => new Request
                {
                    Path = $"/items/{i}",
                    Key = $"{i}",
                    Query = { new QueryParameter { Name = "long", Value = Long } },
                })]);
            }
        }

        public byte[] Encode(IReadOnlyList<Problem> problems) =>
            Encoding.UTF8.GetBytes(string.Join(';', problems.Select(problem => problem.Field)));
    }
}
