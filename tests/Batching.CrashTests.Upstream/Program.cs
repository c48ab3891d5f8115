using Batching.CrashTests.Upstream;

// The one argument is the journal. The end of the input means the end of the harness, however that ended.
await using var journal = Journal.Create(args[0]);
var builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.UseUrls("http://127.0.0.1:0");
builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
await using var app = builder.Build();
app.Run(new RecordingApi(journal, TimeProvider.System).HandleAsync);
await app.StartAsync();
Console.WriteLine($"{UpstreamSignals.Listening}{app.Urls.Single()}");
await Console.In.ReadToEndAsync();
