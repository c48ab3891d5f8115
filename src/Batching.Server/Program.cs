using Batching.Engine;
using Batching.Server.Configuration;
using Batching.Server.Security;
using Batching.Server.Services;

var builder = WebApplication.CreateBuilder(args);
var dataDirectory = builder.Configuration.GetDataDirectory();
var usesSample = builder.Environment.IsDevelopment() && !builder.Configuration.HasUpstream();

if (string.IsNullOrEmpty(builder.Configuration[WebHostDefaults.ServerUrlsKey]))
{
    builder.WebHost.UseUrls("http://localhost:8080");
}

builder.WebHost.UseHttp1AndHttp2OnSharedPort();

// The services read bodies themselves, each within its own limit.
builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null);

// A stop ends within ten seconds: calls first, then requests in flight, then the last commit.
builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(8));

builder.Services
    .AddBatchOptions(builder.Configuration)
    .AddSqliteBatchStore(sqlite => sqlite.Directory = dataDirectory)
    .AddBatchEngine()
    .AddSecurity(dataDirectory)
    .AddResponseCompression(compression => compression.EnableForHttps = true)
    .AddHealthChecks();
builder.Services.AddBatchRpcs();
if (usesSample)
{
    builder.Services.AddSampleUpstream();
}

var app = builder.Build();
app.UseResponseCompression();
app.UseBearerTokenQuery();
app.MapHealthChecks("/healthz");
app.MapGrpcService<BatchRpcService>();
app.MapGrpcService<KeyedBatchRpcService>();
if (usesSample)
{
    app.MapSampleUpstream();
}

await app.RunAsync();
