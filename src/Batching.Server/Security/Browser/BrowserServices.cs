using Microsoft.AspNetCore.HostFiltering;
using Microsoft.Extensions.Options;
using FrameworkCors = Microsoft.AspNetCore.Cors.Infrastructure;

namespace Batching.Server.Security.Browser;

/// <summary>Adds what protects callers in browsers, and lets the pages call that may.</summary>
internal static class BrowserServices
{
    // What clients of REST, gRPC-Web and both read.
    private static readonly string[] ExposedHeaders =
    [
        "grpc-status", "grpc-message", "grpc-status-details-bin", "grpc-encoding", "Retry-After", "WWW-Authenticate",
    ];

    public static IServiceCollection AddBrowserProtection(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton<IValidateOptions<BrowserOptions>, BrowserOptionsValidator>();
        services.AddOptions<BrowserOptions>().Bind(configuration.GetSection(BrowserOptions.Section)).ValidateOnStart();
        services.AddCors();

        // Its own refusal is a page of HTML, whatever the path. AllowedHosts does what it would.
        services.Configure<HostFilteringOptions>(static hosts => hosts.AllowedHosts = ["*"]);
        services.AddOptions<FrameworkCors.CorsOptions>().Configure<IOptions<BrowserOptions>>(static (cors, browser) =>
            cors.AddDefaultPolicy(policy => Build(policy, browser.Value)));
        return services;
    }

    /// <summary>
    /// Sets the security header fields, answers the questions of browsers, and refuses what foreign pages may not do. Goes
    /// before everything that answers.
    /// </summary>
    public static IApplicationBuilder UseBrowserProtection(this IApplicationBuilder app)
    {
        app.UseSecurityHeaders();
        app.UseAllowedHosts();
        var options = app.ApplicationServices.GetRequiredService<IOptions<BrowserOptions>>().Value;
        if (options.AllowedOrigins.Count > 0)
        {
            app.UseCors();
        }

        return app.UseForeignPageGuard(options);
    }

    private static void Build(FrameworkCors.CorsPolicyBuilder policy, BrowserOptions options)
    {
        policy.WithOrigins([.. options.AllowedOrigins])
            .WithMethods(HttpMethods.Get, HttpMethods.Head, HttpMethods.Post, HttpMethods.Delete)
            .AllowAnyHeader()
            .WithExposedHeaders(ExposedHeaders)
            .SetPreflightMaxAge(options.MaxAge);
        if (options.AllowCredentials)
        {
            policy.AllowCredentials();
        }
    }
}
