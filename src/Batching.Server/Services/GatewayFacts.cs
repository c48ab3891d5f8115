using System.Globalization;
using System.Reflection;
using Batching.Engine.Configuration;
using Batching.Rest.Dialects;
using Batching.V1;
using Microsoft.Extensions.Options;

namespace Batching.Server.Services;

/// <summary>Gathers what callers are told about the gateway: nothing of it is secret, and nothing says where the APIs are.</summary>
internal sealed class GatewayFacts
{
    // What nobody can keep, because it is there for all callers together, or that is no limit.
    private static readonly HashSet<string> NotOfOneCaller =
        [nameof(LimitOptions.Connections), nameof(LimitOptions.LargeBodiesAtOnce), nameof(LimitOptions.ResetWindow)];

    public GatewayFacts(IOptions<BatchEngineOptions> engine, IOptions<DialectOptions> dialects)
    {
        var options = engine.Value;
        ForAnybody = new GetGatewayResponse
        {
            Limits =
            {
                ((GatewayLimit[])[
                    .. LimitsOf(options.Limits),
                    .. LimitsOf(options.Keyed),
                    .. LimitsOf(options.Quotas),
                    .. LimitsOf(options.Retention),
                    .. dialects.Value.Limits.Select(limit => new GatewayLimit { Name = limit.Key, Value = Write(limit.Value) }),
                ]).OrderBy(limit => limit.Name, StringComparer.Ordinal),
            },
            Dialects =
            {
                new GatewayDialect { Name = "v0", Path = "/api/v0/batch" },
                new GatewayDialect { Name = "v1", Path = "/api/v1/batches" },
                new GatewayDialect { Name = "v2", Path = "/api/v2/batch" },
                dialects.Value.Paths.Select(dialect => new GatewayDialect { Name = dialect.Key, Path = dialect.Value }),
            },
            Upstreams =
            {
                options.Upstreams.Select(upstream => upstream.Prefix).Order(StringComparer.Ordinal)
                    .Select(prefix => new GatewayUpstream { Prefix = prefix }),
            },
        };
        ForIdentified = ForAnybody.Clone();
        ForIdentified.Version = typeof(GatewayFacts).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!
            .InformationalVersion.Split('+')[0];
    }

    /// <summary>The facts for callers without a credential.</summary>
    public GetGatewayResponse ForAnybody { get; }

    /// <summary>The facts for callers with a credential.</summary>
    public GetGatewayResponse ForIdentified { get; }

    private static IEnumerable<GatewayLimit> LimitsOf<TPart>(TPart part) => typeof(TPart)
        .GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Where(property => !property.IsDefined(typeof(MemoryBudgetAttribute)) && !NotOfOneCaller.Contains(property.Name))
        .Select(property => new GatewayLimit { Name = OptionKey.Of<TPart>(property.Name), Value = Write(property.GetValue(part)!) });

    private static string Write(object value) => value switch
    {
        bool yes => yes ? "true" : "false",
        TimeSpan time => time.ToString("c", CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };
}
