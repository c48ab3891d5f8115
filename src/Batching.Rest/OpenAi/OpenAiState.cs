using Batching.Contracts.OpenAi;
using Batching.Engine.Drafts;
using Batching.Engine.Model;

namespace Batching.Rest.OpenAi;

/// <summary>The state of a batch as OpenAI has it, at one moment.</summary>
/// <param name="batch">The batch.</param>
/// <param name="now">The moment.</param>
internal sealed class OpenAiState(AttributedBatch batch, DateTimeOffset now)
{
    private readonly BatchRecord? _record = batch.Record;

    public string Id => batch.Id;

    /// <summary>The attributes that are stored with it.</summary>
    public StoredBatch Stored { get; } = OpenAiBatch.Unpack(batch.Attributes);

    /// <summary>The batch; null while its file is read, and if it was not accepted.</summary>
    public BatchRecord? Record => _record;

    /// <summary>The problems for which it was not accepted; null if it was, or nobody knows yet, or its caller has cancelled it.</summary>
    public byte[]? Problems => batch.Draft?.Problems;

    public DateTimeOffset CreatedAt => DateTimeOffset.FromUnixTimeMilliseconds(Stored.CreateTimeMs);

    public DateTimeOffset ExpiresAt => CreatedAt.AddSeconds(Stored.WindowSeconds);

    public DateTimeOffset? CancellingAt => _record is { Cancelled: true } ? _record.CancelTime ?? CancelledAt
        : batch.Draft is { EndTime: { } ended, Problems: null } ? ended : null;

    public DateTimeOffset? CancelledAt => _record is { Cancelled: true } ? _record.DoneTime
        : batch.Draft is { EndTime: { } ended, Problems: null } ? ended : null;

    public DateTimeOffset? FailedAt => batch.Draft is { EndTime: { } ended, Problems: not null } ? ended : null;

    /// <summary>The time at which it was stopped because its time was over.</summary>
    public DateTimeOffset? ExpiredAt => _record is { Cancelled: false, DoneTime: { } done } && done >= _record.StopTime ? done : null;

    public DateTimeOffset? CompletedAt => _record is { Cancelled: false, DoneTime: { } done } && done < _record.StopTime ? done : null;

    /// <summary>Requests that have a response which is no error.</summary>
    public int Completed => _record is null ? 0 : _record.Finished - _record.Failed;

    public int Failed => _record?.Failed ?? 0;

    /// <summary>Whether it has ended, so that there are files of its results.</summary>
    public bool HasOutput => _record?.DoneTime is not null;

    /// <summary>The time at which those are deleted.</summary>
    public DateTimeOffset? OutputExpiresAt => _record?.DoneTime?.AddSeconds(Stored.OutputSeconds);

    /// <summary>Whether they can be read.</summary>
    public bool IsOutputThere =>
        _record is { DoneTime: not null, Expired: false } && _record.ExpireTime > now && OutputExpiresAt > now;

    public string Status => batch.Draft is { } draft
        ? draft.EndTime is null ? "validating" : draft.Problems is null ? "cancelled" : "failed"
        : CancelledAt is not null ? "cancelled"
        : _record!.Cancelled ? "cancelling"
        : ExpiredAt is not null ? "expired"
        : CompletedAt is not null ? "completed"
        : "in_progress";
}
