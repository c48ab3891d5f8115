using System.Diagnostics.CodeAnalysis;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Upstreams;

/// <summary>Finds where a request goes, and refuses what would leave its upstream. Thread-safe.</summary>
internal sealed class UpstreamRouter : IDisposable
{
    private readonly LimitOptions _limits;
    private readonly Upstream[] _upstreams;

    public UpstreamRouter(IOptions<BatchEngineOptions> options, TimeProvider time, ILogger<UpstreamRouter> logger)
    {
        _limits = options.Value.Limits;
        _upstreams = [.. options.Value.Upstreams
            .Select(upstream => new Upstream(upstream, _limits, time, logger))
            .OrderByDescending(upstream => upstream.Prefix.Length)];
    }

    /// <summary>Longest prefix first.</summary>
    public IReadOnlyList<Upstream> Upstreams => _upstreams;

    /// <summary>Finds the upstream and the exact target of a path.</summary>
    public bool TryRoute(
        string path, Struct? parameters, out Route route, [NotNullWhen(false)] out string? problem)
    {
        route = default;
        if (!TargetPath.TryNormalize(path, _limits.PathLength, out var normalized, out problem))
        {
            return false;
        }

        problem = QueryParams.FindProblem(parameters, _limits.ParamsDepth);
        if (problem is not null)
        {
            return false;
        }

        normalized = QueryParams.Append(normalized, parameters);
        if (normalized.Length > _limits.PathLength)
        {
            problem = $"is longer than {_limits.PathLength} characters with its params";
            return false;
        }

        foreach (var upstream in _upstreams)
        {
            if (upstream.Owns(normalized))
            {
                // The upstream may be this very server, with or without a path in its base address.
                var pathOnly = PathOf(normalized);
                if (BatchPaths.Contain(pathOnly)
                    || (upstream.BasePath.Length > 0 && BatchPaths.Contain(upstream.BasePath + pathOnly)))
                {
                    problem = "belongs to batches: a batch can't be a call of another one";
                    return false;
                }

                route = new Route(upstream, normalized);
                return true;
            }
        }

        problem = Upstreams.Count == 0
            ? "has no upstream: none is configured (Batch:Upstream)"
            : "belongs to no upstream: paths begin with "
                + string.Join(" or ", Upstreams.Select(upstream => upstream.Prefix + "/"));
        return false;
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
