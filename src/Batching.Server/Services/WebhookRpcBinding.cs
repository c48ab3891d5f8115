using Batching.V1;
using Grpc.Core;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace Batching.Server.Services;

/// <summary>The same for <see cref="WebhookRpcService"/>.</summary>
internal static class WebhookRpcBinding
{
    /// <inheritdoc cref="BatchRpcBinding.Descriptor"/>
    public static ServiceDescriptor Descriptor => WebhookService.Descriptor;

    public static void BindService(ServiceBinderBase binder, WebhookService.WebhookServiceBase? service) =>
        WebhookService.BindService(BoundedBinding.Bound(binder), service);
}
