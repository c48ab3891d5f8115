using Batching.V1;
using Grpc.Core;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace Batching.Server.Services;

/// <summary>The same for <see cref="KeyedBatchRpcService"/>.</summary>
internal static class KeyedBatchRpcBinding
{
    /// <inheritdoc cref="BatchRpcBinding.Descriptor"/>
    public static ServiceDescriptor Descriptor => KeyedBatchService.Descriptor;

    public static void BindService(ServiceBinderBase binder, KeyedBatchService.KeyedBatchServiceBase? service) =>
        KeyedBatchService.BindService(BoundedBinding.Bound(binder), service);
}
