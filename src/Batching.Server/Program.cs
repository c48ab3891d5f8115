using Batching.Server;

return await ServerProcess.RunAsync(args);
