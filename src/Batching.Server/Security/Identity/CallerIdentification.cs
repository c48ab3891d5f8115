using Batching.Rest.Calls;

namespace Batching.Server.Security.Identity;

/// <summary>
/// Finds out who calls before anything of the call is read: whoever may not call, or calls too often, costs no more
/// than a header.
/// </summary>
internal static class CallerIdentification
{
    /// <summary>Identifies the callers of the endpoints that want it. Goes before the endpoints.</summary>
    public static IApplicationBuilder UseCallerIdentification(this IApplicationBuilder app)
    {
        var callers = app.ApplicationServices.GetRequiredService<CallerResolver>();
        var rates = app.ApplicationServices.GetRequiredService<CallRates>();
        return app.Use((context, next) =>
        {
            if (!context.IsBatchCall())
            {
                return next(context);
            }

            if (!callers.TryResolve(context, out var caller, out var problem))
            {
                context.Response.Headers.WWWAuthenticate = callers.Challenge;
                return context.RefuseAsync(CallError.Of(CallErrorKinds.Unauthenticated, problem));
            }

            if (rates.Count(caller) is { } refusal)
            {
                return context.RefuseAsync(CallError.FromRpc(refusal.ToStatus()));
            }

            context.Features.Set(caller);
            return next(context);
        });
    }
}
