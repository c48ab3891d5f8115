using System.Collections.Concurrent;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>The names of the services that have endpoints.</summary>
internal sealed class MappedServices
{
    private readonly ConcurrentDictionary<string, bool> _names = new(StringComparer.Ordinal);

    public void Add(string serviceName) => _names.TryAdd(serviceName, true);

    public bool Contains(string serviceName) => _names.ContainsKey(serviceName);
}
