using Batching.Contracts.Rest;
using Batching.Engine.Configuration;
using Batching.Engine.Webhooks;
using Batching.Rest.Calls;
using Batching.Rest.Replies;
using Batching.Rest.Requests;
using Google.Api;
using Grpc.Core;
using Microsoft.Extensions.Options;

namespace Batching.Rest.V0;

/// <summary>The paths below <c>/api/v0</c> about the messages of webhooks: each hands its call to the engine.</summary>
internal sealed class V0WebhooksService(WebhookMessages messages, IOptions<BatchEngineOptions> options)
    : V0WebhookService.V0WebhookServiceBase
{
    private readonly int _maxBytes = options.Value.Limits.SubmissionBytes;

    public override async Task<HttpBody> ListMessages(ListMessagesRequest request, ServerCallContext context)
    {
        var answer = await messages.ListAsync(context.GetCaller(), request.BatchId, context.CancellationToken);
        var list = answer.OrThrow();
        return await JsonReply.WriteAsync(context.GetHttpContext(), json => V0WebhookWriter.WriteList(json, list.Messages));
    }

    public override async Task<HttpBody> Resend(ResendRequest request, ServerCallContext context)
    {
        await RequestBody.CheckJsonAsync(context.GetHttpContext().Request, _maxBytes);
        var answer = await messages.ResendAsync(
            context.GetCaller(), request.BatchId, request.MessageId, context.CancellationToken);
        var resent = answer.OrThrow();
        return await JsonReply.WriteAsync(context.GetHttpContext(), json => V0WebhookWriter.WriteMessage(json, resent.Message));
    }

    public override async Task<HttpBody> GetSecret(GetSecretRequest request, ServerCallContext context)
    {
        var secret = messages.GetSecret(context.GetCaller()).OrThrow().Secret;
        return await JsonReply.WriteAsync(context.GetHttpContext(), json => V0WebhookWriter.WriteSecret(json, secret));
    }
}
