using Microsoft.Extensions.Options;

namespace Batching.Server.Security.Operations;

/// <summary>Keeps what is for operators on a port of its own.</summary>
internal static class OperationsPort
{
    /// <summary>Reads and checks the section.</summary>
    /// <param name="configuration">The configuration.</param>
    /// <param name="urls">The other addresses of the server, separated by semicolons.</param>
    /// <exception cref="OptionsValidationException">The address can't be one of its own; names the key.</exception>
    public static OperationsOptions GetOperations(this IConfiguration configuration, string urls)
    {
        var options = configuration.GetSection(OperationsOptions.Section).Get<OperationsOptions>() ?? new();
        if (string.IsNullOrEmpty(options.Url))
        {
            return options;
        }

        const string Key = $"{OperationsOptions.Section}:{nameof(OperationsOptions.Url)}";
        var problem =
            !Uri.TryCreate(options.Url, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.Port == 0
                ? $"{Key} must be an http or https URL with a port, such as http://127.0.0.1:8081, not '{options.Url}'."
            : urls.Split(';').Any(other => PortOf(other) == url.Port)
                ? $"{Key} must have a port of its own: {url.Port} is one of '{urls}'."
            : null;
        return problem is null
            ? options
            : throw new OptionsValidationException(OperationsOptions.Section, typeof(OperationsOptions), [problem]);
    }

    /// <summary>Says that the endpoints are for operators.</summary>
    public static void AsOperations<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder =>
        builder.Add(static endpoint => endpoint.Metadata.Add(new ForOperators()));

    /// <summary>Whether the call goes to one of them.</summary>
    public static bool IsForOperators(this HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<ForOperators>() is not null;

    /// <summary>
    /// Lets the operators' port have their endpoints and no other port any of them. It asks the connection: the
    /// <c>Host</c> field says what the client wants it to.
    /// </summary>
    public static IApplicationBuilder UseOperationsPort(this IApplicationBuilder app, OperationsOptions options)
    {
        if (string.IsNullOrEmpty(options.Url))
        {
            return app;
        }

        var port = PortOf(options.Url);
        return app.Use((context, next) =>
        {
            if (context.GetEndpoint() is { } endpoint
                && context.Connection.LocalPort == port != endpoint.Metadata.GetMetadata<ForOperators>() is not null)
            {
                context.SetEndpoint(null);
            }

            return next(context);
        });
    }

    private static int PortOf(string url) => BindingAddress.Parse(url).Port;

    private sealed class ForOperators;
}
