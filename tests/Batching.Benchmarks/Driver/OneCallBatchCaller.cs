using Batching.V1;

namespace Batching.Benchmarks.Driver;

/// <summary>Submits a batch and reads its results in one call, over gRPC. For one batch at a time.</summary>
/// <inheritdoc />
internal sealed class OneCallBatchCaller(int port, ReadOnlyMemory<byte> body) : GrpcBatchCaller(port, body)
{
    // Field numbers and wire types as they stand before a field.
    private const uint BatchTag = (SubmitBatchResponse.BatchFieldNumber << 3) | 2;
    private const uint ResultTag = (SubmitBatchResponse.ResultFieldNumber << 3) | 2;

    private Action? _onAcknowledged;

    public override async Task CallAsync(Submission submission, Action onAcknowledged)
    {
        _onAcknowledged = onAcknowledged;
        using var request = CreateCall(nameof(BatchService.BatchServiceBase.SubmitBatch), submission.OneCallFrame);
        using var response = await SendAsync(request);
        await ReadAllAsync(response, "of this call", submission.Count);
    }

    protected override Record Look(ReadOnlySpan<byte> message, int length, int position)
    {
        Field(message, BatchTag, out var isBatch);
        if (isBatch < 0)
        {
            return base.Look(Field(message, ResultTag, out _), length, position);
        }

        _onAcknowledged?.Invoke();
        return new Record(length, IsEnd: false, IsBatch: true);
    }
}
