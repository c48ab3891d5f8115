namespace Batching.CrashTests.Upstream;

/// <summary>The lines that the upstream writes to its standard output.</summary>
public static class UpstreamSignals
{
    /// <summary>Followed by the address, once.</summary>
    public const string Listening = "Now listening on: ";

    /// <summary>A call came in that may be sent again.</summary>
    public const string SafeCall = "safe";

    /// <summary>A call came in that must not be sent again.</summary>
    public const string UnsafeCall = "unsafe";
}
