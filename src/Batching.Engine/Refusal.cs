namespace Batching.Engine;

/// <summary>Why something a caller asked for is not done. The nested types are all there are.</summary>
/// <param name="Message">For the caller, in English.</param>
public abstract record Refusal(string Message)
{
    /// <summary>What the caller gave is wrong.</summary>
    public sealed record Invalid(IReadOnlyList<Problem> Problems)
        : Refusal(Problems.Count == 1
            ? $"{Problems[0].Field} {Problems[0].Message}."
            : $"{Problems.Count} fields are wrong; the first: {Problems[0].Field} {Problems[0].Message}.")
    {
        /// <summary>One thing is wrong.</summary>
        public Invalid(string field, string message)
            : this([new Problem(field, message)])
        {
        }
    }

    /// <summary>The caller took longer than is allowed.</summary>
    public sealed record TooSlow(string Message) : Refusal(Message);

    /// <summary>Not now; the same may be done a little later.</summary>
    public sealed record Unavailable(string Message) : Refusal(Message);

    /// <summary>What is asked for is not there yet, or not any more.</summary>
    public sealed record NotThere(string Message) : Refusal(Message);

    /// <summary>There is no such batch or request that the caller could see.</summary>
    /// <param name="Kind"><c>batch</c> or <c>request</c>.</param>
    /// <param name="Id">The id that was asked for.</param>
    public sealed record NotFound(string Kind, string Id) : Refusal($"There is no {Kind} {Problem.Shorten(Id, MaxIdLength)}.")
    {
        private const int MaxIdLength = 64;

        /// <summary>The first 64 characters of it; there is no longer id.</summary>
        public string Id { get; } = Problem.Shorten(Id, MaxIdLength);
    }

    /// <summary>A limit is reached: the same call may be accepted later.</summary>
    /// <param name="Limit">The limit's key in the configuration: <c>Batch:Quotas:Batches</c>.</param>
    /// <param name="Value">What it is set to.</param>
    /// <param name="RetryAfter">When another attempt makes sense, more than zero.</param>
    /// <param name="Message">What is exhausted, and what helps.</param>
    public sealed record Exhausted(string Limit, long Value, TimeSpan RetryAfter, string Message) : Refusal(Message);
}
