using Batching.V1;
using Grpc.Core;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace Batching.Server.Services;

/// <summary>Binds <see cref="BatchRpcService"/> with bounded messages. The parameters have the types that are looked for.</summary>
internal static class BatchRpcBinding
{
    /// <summary>Found by its name: what reflection and the transcoder read.</summary>
    public static ServiceDescriptor Descriptor => BatchService.Descriptor;

    public static void BindService(ServiceBinderBase binder, BatchService.BatchServiceBase? service) =>
        BatchService.BindService(BoundedBinding.Bound(binder), service);
}
