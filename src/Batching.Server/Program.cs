using Batching.Server;

await BatchServer.Build(args).RunAsync();
