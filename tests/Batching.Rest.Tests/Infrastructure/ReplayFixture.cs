using System.Text;
using Batching.Rest.Tests.Api;
using Batching.Rest.Tests.Http;
using Batching.Rest.Tests.OpenApi;
using Batching.Rest.Tests.Table;

namespace Batching.Rest.Tests.Infrastructure;

/// <summary>Plays scenarios, with one gateway for all those of the same configuration.</summary>
public sealed class ReplayFixture : IAsyncLifetime
{
    // Set: what the gateway answers becomes what is expected of it.
    private const string RecordVariable = "BATCH_RECORD";

    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);
    private static readonly bool Records = Environment.GetEnvironmentVariable(RecordVariable) == "1";

    private readonly Dictionary<string, GatewayProcess> _gateways = [];
    private RecordedApi _api = null!;

    public async Task InitializeAsync() => _api = await RecordedApi.StartAsync();

    /// <summary>Makes the exchanges of a scenario.</summary>
    /// <returns>What is not as recorded, of which nothing is while it is recorded, or not as the OpenAPI document says.</returns>
    internal async Task<IReadOnlyList<string>> PlayAsync(Scenario scenario)
    {
        if (!_gateways.TryGetValue(scenario.Gateway, out var gateway))
        {
            gateway = await GatewayProcess.StartAsync(ReadSettings(scenario.Gateway));
            _gateways.Add(scenario.Gateway, gateway);
        }

        var authority = new Uri(gateway.Address).Authority;
        var placeholders = new Placeholders(authority, new Uri(_api.Address).Authority);
        var problems = new List<string>();
        foreach (var exchange in scenario.Exchanges)
        {
            var call = RequestForm.Read(exchange, placeholders);
            var answer = await CallAsync(authority, exchange, call);
            problems.AddRange(DocumentCheck.FindProblems(call, answer).Select(problem => $"{exchange.Name}\nopenapi.json: {problem}"));
            var reply = ReplyForm.Write(answer, placeholders);
            if (Records)
            {
                exchange.Reply = reply;
            }
            else if (!reply.SequenceEqual(exchange.Reply))
            {
                problems.Add($"{exchange.Name}\nexpected:\n{Join(exchange.Reply)}\nactual:\n{Join(reply)}");
            }
        }

        return problems;
    }

    public async Task DisposeAsync()
    {
        foreach (var gateway in _gateways.Values)
        {
            gateway.Dispose();
        }

        await _api.DisposeAsync();
        if (Records)
        {
            ExchangeTable.Save();
        }
    }

    private Dictionary<string, string> ReadSettings(string configuration)
    {
        var settings = new Dictionary<string, string>
        {
            ["Batch__Upstreams__0__BaseAddress"] = _api.Address,

            // One request at a time: results come in the order in which they were asked for.
            ["Batch__Upstreams__0__MaxConcurrency"] = "1",
            ["Batch__Upstreams__0__AdaptiveConcurrency"] = "false",
        };
        foreach (var setting in configuration.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = setting.Split('=', 2);
            settings[parts[0]] = parts[1];
        }

        return settings;
    }

    // Repeats a call whose reply is awaited.
    private static async Task<HttpReply> CallAsync(string authority, Exchange exchange, HttpCall call)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (true)
        {
            var reply = await (call.IsHttp2
                ? Http2Client.SendAsync(authority, call, deadline.Token)
                : Http1Client.SendAsync(authority, call, deadline.Token));
            if (exchange.Until is not { } until
                || Encoding.UTF8.GetString(reply.DecodedBody).Contains(until, StringComparison.Ordinal))
            {
                return reply;
            }

            await Task.Delay(Interval, TimeProvider.System, deadline.Token);
        }
    }

    private static string Join(List<string> lines) => string.Join('\n', lines);
}
