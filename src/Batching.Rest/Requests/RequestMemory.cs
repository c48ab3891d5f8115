using System.Globalization;
using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Rest.Calls;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Batching.Rest.Requests;

/// <summary>
/// The memory that one request holds for its body and for what is made of it, and its turn of a processor while it is read, charged to
/// its caller. Given back when the request is answered, whatever has happened. For one request.
/// </summary>
internal sealed class RequestMemory(HttpContext context, MemoryBudgets budgets) : IDisposable
{
    private ByteLease? _received;
    private ByteLease? _decoded;
    private ByteLease? _turn;
    private long _decompressed;
    private bool _hasEnded;

    // Who calls without being asked who it is, as for health, is nobody.
    private string Owner => context.Features.Get<Caller>()?.Owner ?? "";

    /// <summary>That of a request; null if it has no body.</summary>
    public static RequestMemory? Find(HttpContext? context) => context?.Features.Get<RequestMemory>();

    /// <summary>Takes room for a part of a body.</summary>
    /// <returns>What the caller is told if there is none; else null.</returns>
    public Exception? TakeReceived(long bytes)
    {
        _received ??= budgets.Receiving.Open(Owner);
        return _received.Held + bytes > budgets.Receiving.Share ? TooLarge()
            : _received.TryReserve(bytes) ? null
            : budgets.RefuseReceiving().ToStatus().ToRpcException();
    }

    /// <summary>Gives room for a part of a body back.</summary>
    public void ReleaseReceived(long bytes)
    {
        if (!_hasEnded)
        {
            _received?.Release(bytes);
        }
    }

    /// <summary>Takes room for a part of a message that was compressed, until it is decoded.</summary>
    /// <exception cref="RpcException">There is none.</exception>
    public void TakeDecompressed(long bytes)
    {
        if (TakeReceived(bytes) is { } refusal)
        {
            throw refusal;
        }

        _decompressed += bytes;
    }

    /// <summary>Takes room for a message that is about to be decoded, in the place of the one before it.</summary>
    /// <exception cref="RpcException">There is none.</exception>
    public void TakeDecoded(long bytes)
    {
        _decoded ??= budgets.Decoding.Open(Owner);
        _decoded.Dispose();
        if (!_decoded.TryReserve(bytes))
        {
            throw budgets.RefuseDecoding().ToStatus().ToRpcException();
        }
    }

    /// <summary>Whether it has a turn.</summary>
    public bool HasTurn => _turn is not null;

    /// <summary>Waits for a turn to read a body, unless it has one or the body is small.</summary>
    /// <param name="bytes">How much of it there is.</param>
    /// <param name="cancellationToken">Nobody reads it any more; that the request is aborted, if there is none.</param>
    public async ValueTask TakeTurnAsync(long bytes, CancellationToken cancellationToken = default)
    {
        if (_turn is not null)
        {
            return;
        }

        _turn = await budgets.Work.TakeAsync(
            Owner, bytes, cancellationToken.CanBeCanceled ? cancellationToken : context.RequestAborted);
        if (_hasEnded)
        {
            EndTurn();
            throw new OperationCanceledException();
        }
    }

    /// <summary>The body is read, or what comes next is waited for.</summary>
    public void EndTurn()
    {
        _turn?.Dispose();
        _turn = null;
    }

    /// <summary>The message is decoded.</summary>
    public void EndDecoding()
    {
        ReleaseReceived(_decompressed);
        _decompressed = 0;
        EndTurn();
    }

    public void Dispose()
    {
        _hasEnded = true;
        EndTurn();
        _received?.Dispose();
        _decoded?.Dispose();
    }

    // It would not fit if it were alone: to try again is of no use.
    private Exception TooLarge()
    {
        var message = string.Create(
            CultureInfo.InvariantCulture,
            $"The body takes more than the {budgets.Receiving.Share} bytes of memory that one caller may have for bodies on their way ({OptionKey.Of<LimitOptions>(nameof(LimitOptions.ReceivingBytesPerOwner))}).");
        return context.IsGrpc()
            ? new RpcException(new Status(StatusCode.ResourceExhausted, message))
            : new BadHttpRequestException(message, StatusCodes.Status413PayloadTooLarge);
    }
}
