using System.Globalization;
using Batching.Engine.Configuration;
using Batching.Engine.Upstreams;
using Microsoft.Extensions.Options;

namespace Batching.Server.Configuration;

/// <summary>Checks the options of the engine, and names the configuration key of each that is wrong.</summary>
internal sealed class BatchOptionsValidator : IValidateOptions<BatchEngineOptions>
{
    public ValidateOptionsResult Validate(string? name, BatchEngineOptions options)
    {
        var problems = new List<string>();
        problems.AddRange(OptionAnnotations.FindProblems(OptionKey.Section, options));
        problems.AddRange(OptionAnnotations.FindProblems(Key(nameof(options.Retention)), options.Retention));
        problems.AddRange(OptionAnnotations.FindProblems(Key(nameof(options.Limits)), options.Limits));
        problems.AddRange(OptionAnnotations.FindProblems(Key(nameof(options.Headers)), options.Headers));
        problems.AddRange(OptionAnnotations.FindProblems(Key(nameof(options.Keyed)), options.Keyed));
        problems.AddRange(OptionAnnotations.FindProblems(Key(nameof(options.Quotas)), options.Quotas));
        problems.AddRange(OptionAnnotations.FindProblems(Key(nameof(options.Webhooks)), options.Webhooks));
        if (options.Retention.Metadata < options.Retention.Responses)
        {
            problems.Add($"{Key(nameof(options.Retention))}:Metadata must not be shorter than Responses.");
        }

        // A character takes up to four bytes, and as many again what is around it in a params.
        if (options.Limits.MessageBytes < 8L * options.Limits.PathLength)
        {
            problems.Add($"{Key(nameof(options.Limits))}:MessageBytes must be at least eight times PathLength.");
        }

        if (options.Quotas.CallBurst < options.Quotas.CallsPerSecond / 10)
        {
            problems.Add($"{Key(nameof(options.Quotas))}:CallBurst must be at least a tenth of CallsPerSecond.");
        }

        AddUpstreams(problems, options.Upstreams);
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private static string Key(string name) => $"{OptionKey.Section}:{name}";

    private static void AddUpstreams(List<string> problems, IList<UpstreamOptions> upstreams)
    {
        if (upstreams.Count == 0)
        {
            problems.Add(
                "Batch:Upstream is not set: give the base address of the API that batches are for, such as "
                + "http://localhost:5000 (environment: Batch__Upstream).");
        }

        for (var i = 0; i < upstreams.Count; i++)
        {
            var key = string.Create(CultureInfo.InvariantCulture, $"{Key("Upstreams")}:{i}");
            problems.AddRange(OptionAnnotations.FindProblems(key, upstreams[i]));
            problems.AddRange(OptionAnnotations.FindProblems($"{key}:Pagination", upstreams[i].Pagination));
            problems.AddRange(UpstreamTls.FindProblems(upstreams[i].Tls)
                .Select(problem => $"{key}:Tls:{problem.Field} {problem.Message}"));
            if (upstreams[i].BaseAddress is { } address && !IsBaseAddress(address))
            {
                problems.Add(
                    $"{key}:BaseAddress (or Batch:Upstream) must be an absolute http or https URL without user, query "
                    + $"and fragment, not '{address.OriginalString}'.");
            }
        }

        foreach (var twice in upstreams.GroupBy(upstream => upstream.Prefix.TrimEnd('/')).Where(group => group.Count() > 1))
        {
            problems.Add($"{Key("Upstreams")}: two upstreams have the prefix '{twice.Key}/'.");
        }
    }

    private static bool IsBaseAddress(Uri address) =>
        address.IsAbsoluteUri
        && address.Scheme is "http" or "https"
        && address.UserInfo.Length == 0
        && address.Query.Length == 0
        && address.Fragment.Length == 0;
}
