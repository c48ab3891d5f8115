using Batching.Engine.Content;

namespace Batching.Engine.Model;

/// <summary>The reason why something a caller asked for is not done. The nested types are all there are.</summary>
/// <param name="Message">For the caller, in English.</param>
public abstract record Refusal(string Message)
{
    /// <summary>For the caller, in English, of at most 1,000 characters.</summary>
    public string Message { get; } = CallerText.Shorten(Message, CallerText.MaxMessageLength);

    /// <summary>Something that the caller gave is wrong.</summary>
    public sealed record Invalid : Refusal
    {
        // An error of gRPC travels in a trailer, in base64. Many clients take no more than 8 KiB of those; one of .NET gives
        // up the connection with all its calls at 64 KiB. Those of REST name the same.
        internal const int MaxBytes = 5 * 1024;

        /// <summary>
        /// Bytes of problems that are named by a refusal which comes before its client has sent everything: so few that the
        /// whole error fits into the head of a reply, of which nginx takes 4 KiB. Behind a head HAProxy makes another error of it.
        /// </summary>
        public const int MaxEarlyBytes = 1024;

        private readonly int _total;
        private readonly string _about;

        /// <summary>One thing is wrong.</summary>
        public Invalid(string field, string message)
            : this([new Problem(field, message)])
        {
        }

        /// <param name="problems">The first of what is wrong, at least one.</param>
        /// <param name="total">How many things are wrong; null for those.</param>
        /// <param name="isComplete">False if no more were looked for.</param>
        /// <param name="maxBytes">How many bytes of them are named, beside the first.</param>
        public Invalid(
            IReadOnlyList<Problem> problems, int? total = null, bool isComplete = true, int maxBytes = MaxBytes)
            : this(Cut(problems, maxBytes), total ?? problems.Count, isComplete ? "" : "At least ")
        {
        }

        private Invalid(IReadOnlyList<Problem> named, int total, string about)
            : base(Describe(named, total, about)) => (Problems, _total, _about) = (named, total, about);

        /// <summary>Those that are named: as many as an error has room for, in the order they were found.</summary>
        public IReadOnlyList<Problem> Problems { get; }

        /// <summary>The same with other names of the fields.</summary>
        internal Invalid WithFields(Func<string, string> rename) => new(
            [.. Problems.Select(problem => new Problem(rename(problem.Field), problem.Message) { Code = problem.Code })], _total, _about);

        private static string Describe(IReadOnlyList<Problem> named, int total, string about)
        {
            var first = $"{named[0].Field} {named[0].Message}.";
            return total == 1 ? first
                : total == named.Count ? $"{about}{total} fields are wrong; the first: {first}"
                : $"{about}{total} fields are wrong, of which the first {named.Count} are named; the first: {first}";
        }

        private static IReadOnlyList<Problem> Cut(IReadOnlyList<Problem> problems, int maxBytes)
        {
            var bytes = 0;
            for (var i = 0; i < problems.Count; i++)
            {
                bytes += problems[i].Bytes;
                if (bytes > maxBytes && i > 0)
                {
                    return [.. problems.Take(i)];
                }
            }

            return problems;
        }
    }

    /// <summary>The caller took longer than is allowed.</summary>
    public sealed record TooSlow(string Message) : Refusal(Message);

    /// <summary>Not now; the same may be done a little later.</summary>
    public sealed record Unavailable(string Message) : Refusal(Message);

    /// <summary>The thing that is asked for is not there yet, or not any more.</summary>
    public sealed record NotThere(string Message) : Refusal(Message);

    /// <summary>The key of a submission was used before, for other content.</summary>
    public sealed record KeyReused(string Message) : Refusal(Message);

    /// <summary>The batch takes no more requests.</summary>
    public sealed record Sealed(string Message) : Refusal(Message);

    /// <summary>An append begins elsewhere than where the requests end that were given before.</summary>
    /// <param name="Expected">Where they end.</param>
    public sealed record WrongOffset(int Expected)
        : Refusal($"The offset of the next append is {Expected}, the number of requests that the batch was given so far. The last append is known again only with the same requests.");

    /// <summary>There is no such batch or request that the caller could see.</summary>
    /// <param name="Kind"><c>batch</c> or <c>request</c>.</param>
    /// <param name="Id">The id that was asked for.</param>
    public sealed record NotFound(string Kind, string Id) : Refusal($"There is no {Kind} {CallerText.Shorten(Id, MaxIdLength)}.")
    {
        private const int MaxIdLength = 64;

        /// <summary>The first 64 characters of it; there is no longer id.</summary>
        public string Id { get; } = CallerText.Shorten(Id, MaxIdLength);
    }

    /// <summary>A limit is reached: the same call may be accepted later.</summary>
    /// <param name="Limit">The limit's key in the configuration: <c>Batch:Quotas:Batches</c>.</param>
    /// <param name="Value">What it is set to.</param>
    /// <param name="RetryAfter">When another attempt makes sense, more than zero.</param>
    /// <param name="Message">What is exhausted, and what helps.</param>
    public sealed record Exhausted(string Limit, long Value, TimeSpan RetryAfter, string Message) : Refusal(Message)
    {
        /// <summary>For <see cref="RetryAfter"/>: what is held is given back in a moment, as a call is short.</summary>
        public static TimeSpan Soon { get; } = TimeSpan.FromSeconds(1);
    }
}
