using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.OData;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.OData.ModelBuilder;

namespace Batching.Interop.Tests.Paged;

/// <summary>A service of Microsoft's library for OData, in this process.</summary>
internal sealed class ODataServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ODataServer(WebApplication app) => _app = app;

    public string Address => _app.Urls.Single();

    public static async Task<ODataServer> StartAsync(int count)
    {
        var model = new ODataConventionModelBuilder();
        model.EntitySet<ODataItem>("Items");
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton(Enumerable.Range(0, count).Select(id => new ODataItem(id)).ToArray().AsQueryable());
        builder.Services.AddControllers()
            .AddApplicationPart(typeof(ItemsController).Assembly)
            .AddOData(options => options.AddRouteComponents("odata", model.GetEdmModel()));
        var app = builder.Build();
        app.MapControllers();
        await app.StartAsync();
        return new ODataServer(app);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
