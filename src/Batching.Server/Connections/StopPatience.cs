using Batching.Engine.Configuration;
using Microsoft.Extensions.Options;

namespace Batching.Server.Connections;

/// <summary>
/// The time for which clients are waited for that send or take nothing once the gateway is told to stop. One of them would else hold up
/// every stop until all connections are cut.
/// </summary>
internal sealed class StopPatience(IHostApplicationLifetime lifetime, IOptions<BatchEngineOptions> options)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    /// <summary>Signalled when the gateway is told to stop.</summary>
    public CancellationToken Stopping => lifetime.ApplicationStopping;

    /// <summary>The longest time in which a client may do nothing from then on.</summary>
    public TimeSpan Limit { get; } = options.Value.ShutdownGrace < Longest ? options.Value.ShutdownGrace : Longest;
}
