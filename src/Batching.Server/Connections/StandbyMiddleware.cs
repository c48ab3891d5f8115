using Batching.Engine.Hosting;
using Batching.Engine.Model;
using Batching.Rest.Calls;
using Batching.Server.Security.Operations;

namespace Batching.Server.Connections;

/// <summary>
/// Refuses all calls but those of operators while this gateway does not hold the store, so that what stands in front of several
/// tries another one; and cuts those under way when another one has taken the store over.
/// </summary>
internal sealed class StandbyMiddleware(RequestDelegate next, EngineHealth engine)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var role = engine.Role;
        if (role == GatewayRole.Active)
        {
            using var cut = engine.Hold.Lost.UnsafeRegister(static context => ((HttpContext)context!).Abort(), context);
            await next(context);
        }
        else if (context.IsForOperators())
        {
            await next(context);
        }
        else
        {
            // Over gRPC, too: proxies look at the HTTP status alone, and clients at grpc-status first.
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            await context.RefuseAsync(CallError.FromRpc(
                new Refusal.Unavailable($"{HoldCheck.Describe(role)} Nothing was changed; try again later.").ToStatus()));
        }
    }
}
