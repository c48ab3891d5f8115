using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Batching.Rest.Calls;

/// <summary>A reply of which it must be known whether it was delivered. For one call.</summary>
internal sealed class DeliveringReply
{
    private readonly CancellationToken _callCancelled;
    private bool _hasFailed;
    private bool _isWritten;

    private DeliveringReply(CancellationToken callCancelled)
    {
        _callCancelled = callCancelled;
    }

    /// <summary>Whether it may still be delivered: the call has not ended otherwise, at its deadline for example.</summary>
    public bool IsPending => !_hasFailed && !_callCancelled.IsCancellationRequested;

    /// <summary>
    /// Calls back when the reply has ended: true if it was completely written and its connection had not broken. The
    /// reply to a HEAD carries nothing, however completely it was written.
    /// </summary>
    public static void Watch(ServerCallContext context, Action<bool> callback)
    {
        var http = context.GetHttpContext();
        var reply = new DeliveringReply(context.CancellationToken);
        http.Features.Set(reply);
        http.Response.OnCompleted(() =>
        {
            callback(reply._isWritten && !HttpMethods.IsHead(http.Request.Method));
            return Task.CompletedTask;
        });
    }

    /// <summary>An error goes out in its place.</summary>
    public void Fail() => _hasFailed = true;

    /// <summary>Its whole body has left for a connection that had not broken.</summary>
    public void Written() => _isWritten = IsPending;
}
