using Batching.Cli;

return await CommandLine.RunAsync(args, Console.OpenStandardOutput(), Console.Error, TimeProvider.System);
