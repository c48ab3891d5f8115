namespace Batching.Server.Configuration;

internal static partial class ConfigurationLog
{
    [LoggerMessage(
        1,
        LogLevel.Warning,
        "{File} is not read: settings are read from {Directory}. To have them read from elsewhere, start with --contentRoot=<directory>.",
        EventName = "SettingsNotRead")]
    public static partial void SettingsNotRead(ILogger logger, string file, string directory);
}
