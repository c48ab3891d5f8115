namespace Batching.Interop.Tests.Proxies;

/// <summary>The gateway in front of an API that takes its time: calls may take minutes, everything else is as it is.</summary>
public sealed class PatientServerProcess(string api) : ServerProcess
{
    protected override IReadOnlyDictionary<string, string> Environment { get; } = new Dictionary<string, string>
    {
        ["Batch__Upstreams__0__BaseAddress"] = api,
        ["Batch__Upstreams__0__Timeout"] = "00:05:00",
        ["Batch__Keyed__CallTimeout"] = "00:05:00",
        ["Batch__Keyed__Timeout"] = "00:05:00",
    };
}
