using System.Globalization;
using System.Text.RegularExpressions;
using Batching.Engine.Model;
using Batching.Engine.Submission;
using Batching.V1;

namespace Batching.Engine.Keyed;

/// <summary>
/// Submits keyed batches as stored ones: nobody waits for them, and each result has the key of its call. Thread-safe.
/// </summary>
public sealed partial class KeyedBatchSubmitter
{
    private readonly BatchSubmitter _submitter;

    internal KeyedBatchSubmitter(BatchSubmitter submitter) => _submitter = submitter;

    /// <summary>Names fields as the contract has them.</summary>
    public static Func<int, string, string> ContractFields { get; } = static (index, field) =>
        string.Create(CultureInfo.InvariantCulture, $"calls[{index}].{(field == "key" ? field : "request" + Dot(field))}");

    /// <summary>Accepts the calls as a batch or refuses them whole, as <see cref="BatchSubmitter"/> does.</summary>
    /// <param name="caller">Who submits them.</param>
    /// <param name="request">The calls. Their requests are changed: in the end they are those of the answer.</param>
    /// <param name="idempotencyKey">The key by which the submission is recognised if it is made again; null for none.</param>
    /// <param name="known">Problems found before, by the index of the call.</param>
    /// <param name="fieldOf">
    /// Names a field of a call in a problem: of its index and the field of its request, such as <c>path</c>, which is empty for the call
    /// as a whole.
    /// </param>
    /// <param name="cancellationToken">Gives up before anything is stored.</param>
    /// <returns>The batch without its requests.</returns>
    /// <exception cref="Storage.StoreUnavailableException">Nothing was stored.</exception>
    public async ValueTask<Outcome<Batch>> SubmitAsync(
        Caller caller,
        RunBatchRequest request,
        string? idempotencyKey,
        IReadOnlyDictionary<int, Problem> known,
        Func<int, string, string> fieldOf,
        CancellationToken cancellationToken)
    {
        if (KeyedBatchRules.FindProblem(request, maxCalls: int.MaxValue) is { } refusal)
        {
            return refusal;
        }

        var problems = new List<Problem>();
        for (var i = 0; i < request.Calls.Count; i++)
        {
            var call = request.Calls[i];
            call.Request ??= new Request();
            call.Request.Key = call.Key;
            if (known.TryGetValue(i, out var problem))
            {
                problems.Add(new Problem(FieldOf(i, problem.Field), problem.Message));
            }

            if (call.Key.Length == 0)
            {
                problems.Add(new Problem(FieldOf(i, "key"), "must not be empty where a result is to be found by it"));
            }
        }

        var answer = await _submitter.SubmitAsync(
            caller,
            new SubmissionTerms { IdempotencyKey = idempotencyKey },
            [.. request.Calls.Select(call => call.Request)],
            problems,
            long.MaxValue,
            cancellationToken);
        if (!answer.Succeeded)
        {
            return answer.Refusal is Refusal.Invalid invalid ? invalid.WithFields(field => Rename(field, fieldOf)) : answer.Refusal;
        }

        answer.Value.Requests.Clear();
        return answer;
    }

    private static string FieldOf(int index, string field) =>
        string.Create(CultureInfo.InvariantCulture, $"requests[{index}]{Dot(field)}");

    private static string Dot(string field) => field.Length == 0 ? "" : $".{field}";

    private static string Rename(string field, Func<int, string, string> fieldOf) =>
        field == "requests" ? "calls"
        : OfRequest().Match(field) is { Success: true } match
            ? fieldOf(int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture), match.Groups[2].Value)
            : field;

    [GeneratedRegex(@"^requests\[([0-9]+)\](?:\.(.*))?$", RegexOptions.Singleline)]
    private static partial Regex OfRequest();
}
