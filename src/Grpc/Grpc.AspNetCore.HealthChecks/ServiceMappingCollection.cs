using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Grpc.AspNetCore.HealthChecks;

/// <summary>The services whose health can be asked, by name.</summary>
public sealed class ServiceMappingCollection : ICollection<ServiceMapping>
{
    private readonly Dictionary<string, ServiceMapping> _mappings = new(StringComparer.Ordinal);

    /// <inheritdoc />
    public int Count => _mappings.Count;

    /// <inheritdoc />
    public bool IsReadOnly => false;

    /// <summary>Sets which health checks tell the status of a service; an earlier mapping of the name is replaced.</summary>
    public void Map(string name, Func<HealthCheckMapContext, bool> predicate) => Add(new ServiceMapping(name, predicate));

    /// <summary>Finds the mapping of a service.</summary>
    public bool TryGetServiceMapping(string name, [NotNullWhen(true)] out ServiceMapping? serviceMapping) =>
        _mappings.TryGetValue(name, out serviceMapping);

    /// <inheritdoc />
    public void Add(ServiceMapping item)
    {
        ArgumentNullException.ThrowIfNull(item);
        _mappings[item.Name] = item;
    }

    /// <summary>Removes the mapping of a service.</summary>
    public bool Remove(string name) => _mappings.Remove(name);

    /// <inheritdoc />
    public bool Remove(ServiceMapping item)
    {
        ArgumentNullException.ThrowIfNull(item);
        return Contains(item) && Remove(item.Name);
    }

    /// <inheritdoc />
    public void Clear() => _mappings.Clear();

    /// <inheritdoc />
    public bool Contains(ServiceMapping item)
    {
        ArgumentNullException.ThrowIfNull(item);
        return _mappings.TryGetValue(item.Name, out var mapping) && mapping == item;
    }

    /// <inheritdoc />
    public void CopyTo(ServiceMapping[] array, int arrayIndex) => _mappings.Values.CopyTo(array, arrayIndex);

    /// <inheritdoc />
    public IEnumerator<ServiceMapping> GetEnumerator() => _mappings.Values.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
