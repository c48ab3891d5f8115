using Google.Protobuf.Reflection;
using Microsoft.AspNetCore.Http;

namespace Grpc.AspNetCore.JsonTranscoding;

/// <summary>
/// Which dialect serves which paths or services. A path prefix wins over a service, a longer prefix over a
/// shorter one.
/// </summary>
public sealed class DialectMap
{
    private readonly List<(PathString Prefix, JsonDialect Dialect)> _prefixes = [];
    private readonly Dictionary<string, JsonDialect> _services = [];

    /// <summary>
    /// Gives all rules whose template begins with a prefix to a dialect, which then also answers requests
    /// under that prefix that no rule takes (404, 405).
    /// </summary>
    /// <param name="prefix">Whole literal segments, for example <c>/api/v0</c>; <c>/</c> for every path.</param>
    /// <param name="dialect">The dialect.</param>
    /// <exception cref="ArgumentException">The prefix doesn't start with a slash, or has a dialect already.</exception>
    public void Add(string prefix, JsonDialect dialect)
    {
        ArgumentException.ThrowIfNullOrEmpty(prefix);
        ArgumentNullException.ThrowIfNull(dialect);
        var path = new PathString(prefix.TrimEnd('/'));
        if (_prefixes.Exists(p => p.Prefix == path))
        {
            throw new ArgumentException($"The prefix '{prefix}' has a dialect already.", nameof(prefix));
        }

        _prefixes.Add((path, dialect));
        _prefixes.Sort((a, b) => b.Prefix.ToString().Length - a.Prefix.ToString().Length);
    }

    /// <summary>Gives all rules of a service to a dialect.</summary>
    /// <param name="fullName">The service's full name, for example <c>shop.v1.OrderService</c>.</param>
    /// <param name="dialect">The dialect.</param>
    /// <exception cref="ArgumentException">The service has a dialect already.</exception>
    public void AddService(string fullName, JsonDialect dialect)
    {
        ArgumentException.ThrowIfNullOrEmpty(fullName);
        ArgumentNullException.ThrowIfNull(dialect);
        _services.Add(fullName, dialect);
    }

    internal IEnumerable<JsonDialect> All => _prefixes.Select(p => p.Dialect).Concat(_services.Values).Distinct();

    internal bool HasPrefixes => _prefixes.Count > 0;

    internal JsonDialect? Find(PathString path)
    {
        foreach (var (prefix, dialect) in _prefixes)
        {
            if (path.StartsWithSegments(prefix))
            {
                return dialect;
            }
        }

        return null;
    }

    internal JsonDialect? Find(ServiceDescriptor service) => _services.GetValueOrDefault(service.FullName);
}
