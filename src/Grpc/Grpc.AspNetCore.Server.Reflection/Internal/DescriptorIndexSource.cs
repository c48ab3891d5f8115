using System.Reflection;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Microsoft.AspNetCore.Routing;

namespace Grpc.AspNetCore.Server.Reflection.Internal;

/// <summary>Makes the index of the mapped services, when it is first asked for: by then all are mapped.</summary>
internal sealed class DescriptorIndexSource(EndpointDataSource endpoints)
{
    private readonly Lazy<DescriptorIndex> _index = new(() => new DescriptorIndex(FindServices(endpoints)));

    public DescriptorIndex Index => _index.Value;

    private static IEnumerable<ServiceDescriptor> FindServices(EndpointDataSource endpoints) => endpoints.Endpoints
        .Select(static endpoint => endpoint.Metadata.GetMetadata<GrpcMethodMetadata>()?.ServiceType)
        .OfType<Type>()
        .Distinct()
        .Select(FindDescriptor)
        .OfType<ServiceDescriptor>();

    /// <summary>The generated class around the service's base class has its descriptor.</summary>
    private static ServiceDescriptor? FindDescriptor(Type serviceType)
    {
        var attribute = serviceType.GetCustomAttribute<BindServiceMethodAttribute>(inherit: true);
        return attribute?.BindType
            .GetProperty("Descriptor", BindingFlags.Public | BindingFlags.Static, null, typeof(ServiceDescriptor), [], null)
            ?.GetValue(null) as ServiceDescriptor;
    }
}
