using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Templates;

/// <summary>Routing has no text behind a catch-all, so the verb of <c>/v1/{name=**}:verb</c> is checked here.</summary>
internal sealed class VerbConstraint(string verb) : IRouteConstraint
{
    private readonly string _suffix = ":" + verb;

    public bool Match(
        HttpContext? httpContext,
        IRouter? route,
        string routeKey,
        RouteValueDictionary values,
        RouteDirection routeDirection) =>
        values.TryGetValue(routeKey, out var value) &&
        value is string text &&
        text.EndsWith(_suffix, StringComparison.OrdinalIgnoreCase);
}
