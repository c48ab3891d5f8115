using Batching.Engine.Delivery;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Batching.Rest.Calls;

/// <summary>A reply of which it must be known whether it was delivered. For one call.</summary>
internal sealed class DeliveringReply
{
    private readonly CancellationToken _callCancelled;
    private bool _hasFailed;
    private Action<Delivery>? _written;

    private DeliveringReply(CancellationToken callCancelled)
    {
        _callCancelled = callCancelled;
    }

    /// <summary>Whether it may still be delivered: the call has not ended otherwise, at its deadline for example.</summary>
    public bool IsPending => !_hasFailed && !_callCancelled.IsCancellationRequested;

    /// <summary>
    /// Ends a delivery when the reply has ended, or hands it over to who was told of as its body had left. The reply to a
    /// HEAD carries nothing, however completely it was written.
    /// </summary>
    public static void Watch(ServerCallContext context, Delivery delivery)
    {
        if (delivery.IsOfNothing)
        {
            return;
        }

        var http = context.GetHttpContext();
        var reply = new DeliveringReply(context.CancellationToken);
        http.Features.Set(reply);
        http.Response.OnCompleted(() =>
        {
            if (reply._written is { } written && !HttpMethods.IsHead(http.Request.Method))
            {
                delivery.Write();
                written(delivery);
            }
            else
            {
                delivery.Complete(received: false);
            }

            return Task.CompletedTask;
        });
    }

    /// <summary>An error goes out in its place.</summary>
    public void Fail() => _hasFailed = true;

    /// <summary>Its whole body has left for a connection that had not broken.</summary>
    /// <param name="written">Takes over the delivery when the reply has ended, and finds out whether it has arrived.</param>
    public void Written(Action<Delivery> written) => _written = IsPending ? written : null;
}
