using Batching.V1;
using Grpc.Core;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace Batching.Server.Services;

/// <summary>The same for <see cref="GatewayRpcService"/>.</summary>
internal static class GatewayRpcBinding
{
    /// <inheritdoc cref="BatchRpcBinding.Descriptor"/>
    public static ServiceDescriptor Descriptor => GatewayService.Descriptor;

    public static void BindService(ServiceBinderBase binder, GatewayService.GatewayServiceBase? service) =>
        GatewayService.BindService(BoundedBinding.Bound(binder), service);
}
