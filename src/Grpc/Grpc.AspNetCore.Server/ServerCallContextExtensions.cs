using Microsoft.AspNetCore.Http;

namespace Grpc.Core;

/// <summary>Reaches from a gRPC call into HTTP.</summary>
public static class ServerCallContextExtensions
{
    internal const string HttpContextKey = "__HttpContext";

    /// <summary>The HTTP request and response of the call.</summary>
    /// <exception cref="InvalidOperationException">The call was not made over this server.</exception>
    public static HttpContext GetHttpContext(this ServerCallContext serverCallContext)
    {
        ArgumentNullException.ThrowIfNull(serverCallContext);
        if (serverCallContext is AspNetCore.Server.Internal.HttpContextServerCallContext call)
        {
            return call.HttpContext;
        }

        // Contexts of others, such as the JSON transcoder's, leave it in the user state.
        return serverCallContext.UserState.TryGetValue(HttpContextKey, out var context) && context is HttpContext httpContext
            ? httpContext
            : throw new InvalidOperationException("Could not get HttpContext from ServerCallContext.");
    }
}
