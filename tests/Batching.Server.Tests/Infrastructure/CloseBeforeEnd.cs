using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Batching.Server.Tests.Infrastructure;

/// <summary>
/// Holds the end of a reply, when its body has left, until the client has closed the connection: as if the server were
/// slower than that client. For the call that asks for it.
/// </summary>
public sealed class CloseBeforeEnd : IStartupFilter
{
    /// <summary>The header that asks for it.</summary>
    public const string Header = "X-Close-Before-End";

    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Complete when that call has ended, and everything that waits for its end has run.</summary>
    public Task Ended => _ended.Task;

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(async (context, following) =>
        {
            if (!context.Request.Headers.ContainsKey(Header))
            {
                await following(context);
                return;
            }

            // What was registered first runs last.
            context.Response.OnCompleted(() =>
            {
                _ended.SetResult();
                return Task.CompletedTask;
            });
            await following(context);
            var socket = context.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket;
            await Eventually.BeTrueAsync(() => socket.SafeHandle.IsClosed, "the client had closed its connection");
        });
        next(app);
    };
}
