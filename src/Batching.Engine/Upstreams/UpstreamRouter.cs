using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Telemetry;
using Batching.V1;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Upstreams;

/// <summary>Finds where a request goes, and refuses what would leave its upstream. Thread-safe.</summary>
internal sealed class UpstreamRouter : IDisposable
{
    private const string PathField = "path";

    private readonly LimitOptions _limits;
    private readonly OwnPaths _ownPaths;
    private readonly Upstream[] _upstreams;

    /// <param name="options">The upstreams.</param>
    /// <param name="metrics">Counts what comes of their calls; null if nobody does.</param>
    /// <param name="meters">Makes the meters of their connections; null for those of the process.</param>
    public UpstreamRouter(
        IOptions<BatchEngineOptions> options, BatchMetrics? metrics = null, IMeterFactory? meters = null)
    {
        _limits = options.Value.Limits;
        _ownPaths = new OwnPaths(options.Value.OwnPaths);
        _upstreams = [.. options.Value.Upstreams
            .Select(upstream => new Upstream(upstream, _limits, metrics, meters))
            .OrderByDescending(upstream => upstream.Prefix.Length)];
    }

    /// <summary>Longest prefix first.</summary>
    public IReadOnlyList<Upstream> Upstreams => _upstreams;

    /// <summary>Finds the upstream and the exact target of a request.</summary>
    public bool TryRoute(Request request, out Route route, [NotNullWhen(false)] out Problem? problem)
    {
        route = default;
        if (!TargetPath.TryNormalize(request.Path, _limits.PathLength, out var target, out var pathProblem))
        {
            problem = new Problem(PathField, pathProblem);
            return false;
        }

        if (!QueryParams.TryAppend(request, _limits, ref target, out problem))
        {
            return false;
        }

        if (target.Length > _limits.PathLength)
        {
            problem = new Problem(PathField, $"is longer than {_limits.PathLength} characters with its params");
            return false;
        }

        problem = FindUpstream(target, out route) is { } reason ? new Problem(PathField, reason) : null;
        return problem is null;
    }

    private string? FindUpstream(string target, out Route route)
    {
        route = default;
        foreach (var upstream in _upstreams)
        {
            if (upstream.Owns(target))
            {
                // The upstream may be this very server, with or without a path in its base address.
                var pathOnly = PathOf(target);
                if (_ownPaths.Contain(pathOnly)
                    || (upstream.BasePath.Length > 0 && _ownPaths.Contain(upstream.BasePath + pathOnly)))
                {
                    return "belongs to batches: a batch can't be a call of another one";
                }

                route = new Route(upstream, target);
                return null;
            }
        }

        return Upstreams.Count == 0
            ? $"has no upstream: none is configured ({OptionKey.Of(nameof(BatchEngineOptions.Upstreams))})"
            : "belongs to no upstream: paths begin with "
                + string.Join(" or ", Upstreams.Select(upstream => upstream.Name));
    }

    private static string PathOf(string target)
    {
        var query = target.IndexOf('?', StringComparison.Ordinal);
        return query < 0 ? target : target[..query];
    }

    public void Dispose()
    {
        foreach (var upstream in Upstreams)
        {
            upstream.Dispose();
        }
    }
}
