namespace Batching.Interop.Tests;

/// <summary>The gateway in front of an API that a test brings itself, at <see cref="ApiPort"/>.</summary>
public sealed class StubbedServerProcess : ServerProcess
{
    public int ApiPort { get; } = FreePort.Find();

    protected override IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["Batch__Upstream"] = $"http://127.0.0.1:{ApiPort}",
    };
}
