using Batching.Engine.Configuration;
using Batching.Rest;
using Batching.Rest.Graph;
using Microsoft.Extensions.Options;

namespace Batching.Server.Configuration;

/// <summary>Checks the options of the dialects, and names the configuration key of each that is wrong.</summary>
internal sealed class DialectOptionsValidator(IConfiguration configuration) : IValidateOptions<DialectOptions>
{
    public ValidateOptionsResult Validate(string? name, DialectOptions options)
    {
        var problems = new List<string>();
        var graph = $"{DialectOptions.Section}:{nameof(options.Graph)}";
        problems.AddRange(OptionAnnotations.FindProblems(graph, options.Graph));

        // Read here: the engine's options take the paths of the dialects from these.
        var key = OptionKey.Of<KeyedOptions>(nameof(KeyedOptions.Calls));
        var calls = configuration.GetValue(key, new KeyedOptions().Calls);
        if (options.Graph.Enabled && options.Graph.MaxRequests > calls)
        {
            problems.Add(
                $"{graph}:{nameof(GraphOptions.MaxRequests)} must not be more than {key}, which is {calls}: its requests are calls of "
                + "a keyed batch.");
        }

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
