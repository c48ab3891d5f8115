using System.IO.Pipelines;
using Batching.Engine.Quotas;
using Batching.Rest.Requests;

namespace Batching.Server.Connections;

/// <summary>
/// Reads a body, and charges to its caller what of it is in memory: what was read and is not consumed. For one request.
/// </summary>
/// <param name="inner">The body.</param>
/// <param name="memory">What the request holds.</param>
/// <param name="decompresses">Whether reading is work, which a turn is waited for as soon as the body is large.</param>
internal sealed class ChargedReader(PipeReader inner, RequestMemory memory, bool decompresses = false) : PipeReader
{
    private ReadResult? _underWay;

    /// <summary>Bytes of the body that are in memory.</summary>
    public long Held { get; private set; }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (decompresses && Held > WorkTurns.LargeBytes && !memory.HasTurn)
        {
            return ReadInTurnAsync(cancellationToken);
        }

        var read = inner.ReadAsync(cancellationToken);
        return read.IsCompletedSuccessfully ? new ValueTask<ReadResult>(Charge(read.Result)) : WaitAsync(read);
    }

    public override bool TryRead(out ReadResult result)
    {
        if (!inner.TryRead(out result))
        {
            return false;
        }

        result = Charge(result);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (_underWay is { } read)
        {
            var released = read.Buffer.Slice(read.Buffer.Start, consumed).Length;
            memory.ReleaseReceived(released);
            Held -= released;
            _underWay = null;
        }

        inner.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    private async ValueTask<ReadResult> WaitAsync(ValueTask<ReadResult> read) => Charge(await read);

    private async ValueTask<ReadResult> ReadInTurnAsync(CancellationToken cancellationToken)
    {
        await memory.TakeTurnAsync(Held, cancellationToken);
        return Charge(await inner.ReadAsync(cancellationToken));
    }

    private ReadResult Charge(ReadResult result)
    {
        var more = result.Buffer.Length - Held;
        if (more > 0)
        {
            if (memory.TakeReceived(more) is { } refusal)
            {
                inner.AdvanceTo(result.Buffer.End);
                throw refusal;
            }

            Held += more;
        }

        _underWay = result;
        return result;
    }
}
