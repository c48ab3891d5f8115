using System.Globalization;
using System.Text.RegularExpressions;
using Batching.Cli.Input;
using Batching.Client;
using Batching.V1;
using Grpc.Core;

namespace Batching.Cli.Running;

/// <summary>Submits calls, and says of those that the gateway refuses where they stand.</summary>
internal sealed partial class Submitter(BatchClient client)
{
    /// <exception cref="InputException">Some calls are bad, here or for the gateway.</exception>
    /// <param name="input">The calls.</param>
    /// <param name="notifyUrl">The URL that is told when the batch is done; null for none.</param>
    /// <param name="key">The key of the submission; null for one that is not made again by another run.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<BatchHandle> SubmitAsync(
        CallInput input, string? notifyUrl, string? key, CancellationToken cancellationToken)
    {
        var notify = notifyUrl is null ? null : new Notify { Url = notifyUrl };
        try
        {
            return await client.SubmitAsync(
                input.ReadAsync(cancellationToken),
                new SubmitOptions { IdempotencyKey = key, Notify = notify },
                cancellationToken);
        }
        catch (BatchException exception) when (exception is { StatusCode: StatusCode.InvalidArgument, Problems.Count: > 0 })
        {
            throw new InputException([.. exception.Problems.Select(problem => ToProblem(input, problem))]);
        }
    }

    private static InputProblem ToProblem(CallInput input, BatchProblem problem)
    {
        var match = Field().Match(problem.Field);
        return match.Success
            ? new InputProblem(
                input.PlaceOf(int.Parse(match.Groups["index"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture)),
                $"{match.Groups["name"].Value} {problem.Message}".TrimStart())
            : new InputProblem(problem.Field, problem.Message);
    }

    [GeneratedRegex(@"^requests\[(?<index>\d{1,9})\]\.?(?<name>.*)$")]
    private static partial Regex Field();
}
