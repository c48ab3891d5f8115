using Batching.Engine.Configuration;
using Google.Api;
using Google.Protobuf;
using Microsoft.Extensions.DependencyInjection;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace Batching.Rest;

/// <summary>Tells the engine which paths are the gateway's own, as the contract has them.</summary>
internal static class OwnPathServices
{
    /// <summary>Keeps requests of batches from the paths of services: those of their methods over gRPC and over REST.</summary>
    public static IServiceCollection AddOwnPaths(this IServiceCollection services, params ServiceDescriptor[] served) =>
        services.Configure<BatchEngineOptions>(engine => engine.OwnPaths.UnionWith(served.SelectMany(FindPaths)));

    private static IEnumerable<string> FindPaths(ServiceDescriptor service) =>
    [
        $"/{service.File.Package}.",
        .. service.Methods.Select(method => method.GetOptions()?.GetExtension(AnnotationsExtensions.Http))
            .OfType<HttpRule>()
            .SelectMany(rule => (HttpRule[])[rule, .. rule.AdditionalBindings])
            .Select(rule => RootOf(PathOf(rule))),
    ];

    private static string PathOf(HttpRule rule) => rule.PatternCase switch
    {
        HttpRule.PatternOneofCase.Get => rule.Get,
        HttpRule.PatternOneofCase.Put => rule.Put,
        HttpRule.PatternOneofCase.Post => rule.Post,
        HttpRule.PatternOneofCase.Delete => rule.Delete,
        HttpRule.PatternOneofCase.Patch => rule.Patch,
        _ => rule.Custom.Path,
    };

    // What is in front of the first variable, and of what is done with the resource (AIP-136).
    private static string RootOf(string path) => path.Split('{', ':')[0].TrimEnd('/');
}
