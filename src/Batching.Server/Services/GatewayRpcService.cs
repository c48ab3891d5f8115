using Batching.Engine.Configuration;
using Batching.Rest.Calls;
using Batching.Server.Configuration;
using Batching.V1;
using Grpc.Core;

namespace Batching.Server.Services;

/// <summary>The RPC of <c>batch.v1.GatewayService</c>.</summary>
[BindServiceMethod(typeof(GatewayRpcBinding), nameof(GatewayRpcBinding.BindService))]
internal sealed class GatewayRpcService(GatewayFacts facts, IConfiguration configuration) : GatewayService.GatewayServiceBase
{
    private static readonly string Refused = "Only callers with a credential are told about the gateway "
        + $"({OptionKey.Of(nameof(ServerKeys.Disclosure))}).";

    private readonly Disclosure _disclosure = configuration.GetDisclosure();

    public override Task<GetGatewayResponse> GetGateway(GetGatewayRequest request, ServerCallContext context) =>
        !context.GetCaller().IsAnonymous ? Task.FromResult(facts.ForIdentified)
        : _disclosure == Disclosure.Everybody ? Task.FromResult(facts.ForAnybody)
        : throw new RpcException(new Status(StatusCode.PermissionDenied, Refused));
}
