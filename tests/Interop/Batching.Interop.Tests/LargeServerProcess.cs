namespace Batching.Interop.Tests;

/// <summary>The gateway with the limits it has by default, in front of an API with large answers.</summary>
public sealed class LargeServerProcess : ServerProcess
{
    private LargeApi? _api;

    public LargeApi Api => _api ?? throw new InvalidOperationException("The API is not started.");

    protected override IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["Batch__Upstream"] = Api.Address,
    };

    public override async Task InitializeAsync() => _api = await LargeApi.StartAsync();

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await Api.DisposeAsync();
    }
}
