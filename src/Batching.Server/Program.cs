using Batching.Server;

return args is ["backup", ..] ? BackupCommand.Run(args[1..]) : await ServerProcess.RunAsync(args);
