using Batching.Engine;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Microsoft.Extensions.Options;

namespace Batching.Server.Connections;

/// <summary>
/// Bounds what the bodies of all requests take that are on their way at the same time, however slowly they come.
/// Thread-safe.
/// </summary>
internal sealed class ReceivingMemory(IOptions<BatchEngineOptions> options)
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly long _capacity = options.Value.Limits.ReceivingBytes;
    private long _used;

    /// <summary>What there is for all of them.</summary>
    public long Capacity => _capacity;

    /// <summary>Takes bytes, unless that would be too many.</summary>
    public bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref _used, bytes) <= _capacity)
        {
            return true;
        }

        Release(bytes);
        return false;
    }

    /// <summary>Gives bytes back.</summary>
    public void Release(long bytes) => Interlocked.Add(ref _used, -bytes);

    /// <summary>What a caller is told whose body finds no room.</summary>
    public RpcException Refuse() => new Google.Rpc.Status
    {
        Code = (int)Code.ResourceExhausted,
        Message = $"Too many requests are on their way: their bodies take up {_capacity} bytes. Try again.",
        Details = { Any.Pack(new RetryInfo { RetryDelay = RetryDelay.ToDuration() }) },
    }.ToRpcException();
}
