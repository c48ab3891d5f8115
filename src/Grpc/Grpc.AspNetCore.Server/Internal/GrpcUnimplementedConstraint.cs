using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>Lets only gRPC requests through to the answer for unknown services and methods.</summary>
internal sealed class GrpcUnimplementedConstraint : IRouteConstraint
{
    public const string Name = "grpcunimplemented";

    public bool Match(
        HttpContext? httpContext,
        IRouter? route,
        string routeKey,
        RouteValueDictionary values,
        RouteDirection routeDirection)
    {
        if (httpContext is null)
        {
            return false;
        }

        var request = httpContext.Request;
        if (HttpMethods.IsOptions(request.Method))
        {
            // A preflight has to get as far as the CORS middleware.
            return request.Headers.ContainsKey("Access-Control-Request-Method");
        }

        // gRPC-Web too: its middleware turns the request into gRPC later than routes are matched.
        return HttpMethods.IsPost(request.Method)
            && request.ContentType?.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase) == true;
    }
}
