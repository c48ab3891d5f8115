namespace Batching.Interop.Tests;

/// <summary>Receivers of webhooks by others, and those of the examples.</summary>
public sealed class WebhookTests(WebhookServerProcess server) : IClassFixture<WebhookServerProcess>
{
    [InteropFact(Tool.Node, Tool.NodePackages)]
    public Task Message_BeforeTheVerifierOfStandardWebhooks_IsAccepted() => RunAsync(server.Ports[0]);

    [InteropFact(Tool.Node, Tool.NodePackages)]
    public Task Message_BeforeTheExampleInNode_IsAccepted() =>
        RunAsync(server.Ports[1], "node", Path.Combine(Folders.Examples, "webhook.mjs"));

    [InteropFact(Tool.Node, Tool.NodePackages, Tool.Python)]
    public Task Message_BeforeTheExampleInPython_IsAccepted() =>
        RunAsync(server.Ports[2], Tools.Python, Path.Combine(Folders.Examples, "webhook.py"));

    private Task RunAsync(params string[] arguments) =>
        ForeignClient.Script("node", "webhooks.mjs").RunAsync(server, Uri.UriSchemeHttp, arguments);
}
