namespace Batching.Interop.Tests.Models;

/// <summary>The gateway in front of a model server that a test brings itself, at <see cref="ApiPort"/>, with the batch APIs of others.</summary>
public sealed class ModelGateway : ServerProcess
{
    public int ApiPort { get; } = FreePort.Find();

    protected override IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["Batch__Upstream"] = $"http://127.0.0.1:{ApiPort}",
        ["Batch__Dialects__OpenAI__Enabled"] = "true",
        ["Batch__Dialects__Anthropic__Enabled"] = "true",
    };
}
