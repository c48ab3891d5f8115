using Batching.Engine.Webhooks;
using Batching.Rest.Calls;
using Batching.V1;
using Grpc.Core;

namespace Batching.Server.Services;

/// <summary>The RPCs of <c>batch.v1.WebhookService</c>: each hands its call to the engine.</summary>
[BindServiceMethod(typeof(WebhookRpcBinding), nameof(WebhookRpcBinding.BindService))]
internal sealed class WebhookRpcService(WebhookMessages messages) : WebhookService.WebhookServiceBase
{
    public override async Task<ListWebhookMessagesResponse> ListWebhookMessages(
        ListWebhookMessagesRequest request, ServerCallContext context)
    {
        var answer = await messages.ListAsync(context.GetCaller(), request.BatchId, context.CancellationToken);
        return answer.OrThrow();
    }

    public override async Task<ResendWebhookMessageResponse> ResendWebhookMessage(
        ResendWebhookMessageRequest request, ServerCallContext context)
    {
        var answer = await messages.ResendAsync(
            context.GetCaller(), request.BatchId, request.MessageId, context.CancellationToken);
        return answer.OrThrow();
    }

    public override Task<GetWebhookSecretResponse> GetWebhookSecret(
        GetWebhookSecretRequest request, ServerCallContext context) =>
        Task.FromResult(messages.GetSecret(context.GetCaller()).OrThrow());
}
