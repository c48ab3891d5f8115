using System.Globalization;
using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Quotas;

/// <summary>
/// The memory and the processors that calls hold, over all of them and for each owner. Whoever takes some gives it back when
/// it is not held any more, whatever has happened. Thread-safe.
/// </summary>
public sealed class MemoryBudgets
{
    public MemoryBudgets(IOptions<BatchEngineOptions> options, TimeProvider time)
    {
        var limits = options.Value.Limits;
        Receiving = new(limits.ReceivingBytes, limits.ReceivingBytesPerOwner, time);
        Decoding = new(limits.DecodingBytes, limits.DecodingBytesPerOwner, time);
        Answers = new(limits.AnswerBytes, limits.AnswerBytesPerOwner, time);
        Replies = new(limits.ReplyBytes, limits.ReplyBytesPerOwner, time);
        KeyedReplies = new(options.Value.Keyed.HeldBytes, options.Value.Keyed.HeldBytesPerOwner, time);
        Dependencies = new(limits.DependencyBytes, limits.DependencyBytesPerOwner, time);
        Work = new(limits.LargeBodiesAtOnce, time);
    }

    /// <summary>Bodies of requests on their way, as they come and decompressed, and what of uploads is not stored yet.</summary>
    public OwnerByteBudget Receiving { get; }

    /// <summary>The calls that are made of them, until they are answered.</summary>
    public OwnerByteBudget Decoding { get; }

    /// <summary>Turns at reading, checking and encoding large bodies.</summary>
    public WorkTurns Work { get; }

    /// <summary>Answers of the APIs, until another budget counts them.</summary>
    internal OwnerByteBudget Answers { get; }

    /// <summary>Results in replies that are under way.</summary>
    internal OwnerByteBudget Replies { get; }

    /// <summary>Answers in the replies to keyed batches, until they are written.</summary>
    internal OwnerByteBudget KeyedReplies { get; }

    /// <summary>The dependencies between requests of batches that run.</summary>
    internal OwnerByteBudget Dependencies { get; }

    /// <summary>The refusal of a body that there is no room for.</summary>
    public Refusal.Exhausted RefuseReceiving() =>
        Refuse("The bodies of requests on their way", nameof(LimitOptions.ReceivingBytes), Receiving);

    /// <summary>The refusal of a call that there is no room for once it is decoded.</summary>
    public Refusal.Exhausted RefuseDecoding() =>
        Refuse("The requests that are being answered", nameof(LimitOptions.DecodingBytes), Decoding);

    /// <summary>The refusal of a batch whose dependencies there is no room for.</summary>
    internal Refusal.Exhausted RefuseDependencies() =>
        Refuse("The dependencies between requests that run", nameof(LimitOptions.DependencyBytes), Dependencies);

    private static Refusal.Exhausted Refuse(string what, string name, OwnerByteBudget budget) => new(
        OptionKey.Of<LimitOptions>(name),
        budget.Capacity,
        Refusal.Exhausted.Soon,
        string.Create(
            CultureInfo.InvariantCulture,
            $"{what} hold as much memory as they may: {budget.Share} bytes of one caller ({OptionKey.Of<LimitOptions>(name)}PerOwner), {budget.Capacity} of all ({OptionKey.Of<LimitOptions>(name)}). Try again."));
}
