namespace Batching.Server.Configuration;

internal static partial class ConfigurationLog
{
    [LoggerMessage(
        1,
        LogLevel.Warning,
        "{File} is not read: settings are read from {Directory}. To have them read from elsewhere, start with --contentRoot=<directory>.",
        EventName = "SettingsNotRead")]
    public static partial void SettingsNotRead(ILogger logger, string file, string directory);

    [LoggerMessage(
        2,
        LogLevel.Warning,
        "No upstream takes {Path}, which clients of {Dialect} batches call: their batches are refused. See Batch:Upstreams.",
        EventName = "DialectWithoutUpstream")]
    public static partial void DialectWithoutUpstream(ILogger logger, string path, string dialect);
}
