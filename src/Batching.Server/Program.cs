using Batching.Server;

if (args is ["backup", ..])
{
    return BackupCommand.Run(args[1..]);
}

await BatchServer.Build(args).RunAsync();
return 0;
