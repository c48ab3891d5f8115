namespace Batching.Page.Tests.Infrastructure;

/// <summary>The browser on this machine.</summary>
internal static class Chromium
{
    /// <summary>Debian's; Playwright downloads none.</summary>
    public const string Program = "/usr/bin/chromium";

    /// <summary>Why tests that need it are not to run; null if they are.</summary>
    public static string? WhySkip { get; } =
        Environment.GetEnvironmentVariable("INTEROP_REQUIRED") == "1" || File.Exists(Program)
            ? null
            : "needs the Debian package chromium";
}
