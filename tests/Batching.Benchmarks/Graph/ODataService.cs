using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.OData;
using Microsoft.AspNetCore.OData.Batch;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.OData.ModelBuilder;

namespace Batching.Benchmarks.Graph;

/// <summary>A service of Microsoft's library for OData, with the batch handler of that library.</summary>
internal static class ODataService
{
    /// <summary>The path that its entities, and its batches, are below.</summary>
    public const string BasePath = "/odata";

    public static async Task ServeAsync(int port)
    {
        var model = new ODataConventionModelBuilder();
        model.EntitySet<Operation>("Operations");
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddControllers()
            .AddApplicationPart(typeof(OperationsController).Assembly)
            .AddOData(options => options.AddRouteComponents(
                BasePath.TrimStart('/'), model.GetEdmModel(), new DefaultODataBatchHandler()));
        await using var app = builder.Build();
        app.UseODataBatching();
        app.UseRouting();
        app.MapControllers();
        await app.RunAsync();
    }
}
