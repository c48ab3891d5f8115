using Batching.Contracts.Anthropic;
using Batching.Engine.Drafts;
using Batching.Engine.Model;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Batching.Rest.Anthropic;

/// <summary>A batch as Anthropic has it, at one moment.</summary>
/// <param name="Id">Its id, as the gateway has it.</param>
/// <param name="Record">The batch.</param>
/// <param name="WindowSeconds">The time that it may take.</param>
internal sealed record MessageBatch(string Id, BatchRecord Record, long WindowSeconds)
{
    private const string Prefix = "msgbatch_";

    /// <summary>Of those that failed: how many were cancelled.</summary>
    public int Canceled { get; init; }

    /// <summary>Of those that failed: how many were stopped when the time of the batch was over.</summary>
    public int Expired { get; init; }

    /// <summary>Whether it has ended.</summary>
    public bool HasEnded => Record.DoneTime is not null;

    /// <summary>Whether it has ended in a way that some requests have no answer for.</summary>
    public bool MayHaveStopped => HasEnded && (Record.Cancelled || Record.DoneTime >= Record.StopTime);

    public DateTimeOffset ExpiresAt => Record.CreateTime.AddSeconds(WindowSeconds);

    /// <summary>Its id as clients see it.</summary>
    public string PublicId => Prefix + Id;

    /// <summary>Makes what is noted of a batch bytes, which no other dialect takes for its own.</summary>
    public static byte[] Pack(StoredMessageBatch batch) => Any.Pack(batch).ToByteArray();

    /// <summary>Whether a batch was submitted by clients of Anthropic.</summary>
    public static bool IsOwn(byte[] attributes) =>
        attributes.Length > 0 && Any.Parser.ParseFrom(attributes).Is(StoredMessageBatch.Descriptor);

    /// <summary>Reads what is noted of one.</summary>
    public static MessageBatch Of(AttributedBatch batch) => new(
        batch.Id,
        batch.Record!,
        Any.Parser.ParseFrom(batch.Attributes).Unpack<StoredMessageBatch>().WindowSeconds);

    /// <summary>The id as the gateway has it; a text that no batch has for what is none.</summary>
    public static string ToId(string publicId) =>
        publicId.StartsWith(Prefix, StringComparison.Ordinal) ? publicId[Prefix.Length..] : "none";
}
