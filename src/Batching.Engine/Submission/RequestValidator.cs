using System.Globalization;
using System.Text;
using Batching.Engine.Configuration;
using Batching.Engine.Content;
using Batching.Engine.Dependencies;
using Batching.Engine.Model;
using Batching.Engine.References;
using Batching.Engine.Upstreams;
using Batching.V1;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Submission;

/// <summary>Finds everything that is wrong with a batch, before any of it is stored. Thread-safe.</summary>
internal sealed class RequestValidator(UpstreamRouter router, IOptions<BatchEngineOptions> options)
{
    /// <summary>More problems than this are counted, not named.</summary>
    public const int MaxProblems = 100;

    private readonly LimitOptions _limits = options.Value.Limits;
    private readonly string _credentialHeader = options.Value.CredentialHeader;
    private readonly IReadOnlySet<string> _denied = HeaderRules.ToDenied(options.Value.Headers.Denied);

    /// <summary>The problem with the credential that a caller gives for its requests, if there is one.</summary>
    public static Refusal? CheckCredential(Caller caller) =>
        caller.Authorization is null || HeaderRules.IsFieldValue(caller.Authorization)
            ? null
            : new Refusal.Invalid("authorization", HeaderRules.ControlCharacters);

    /// <summary>Adds what is wrong to what is known to be; of a field that is known nothing more is said.</summary>
    /// <param name="requests">All requests of a batch.</param>
    /// <param name="known">What is known to be wrong.</param>
    /// <param name="dependencies">Gets their keys and dependencies.</param>
    /// <returns>Why the batch is refused; null if nothing is wrong with it.</returns>
    public Refusal? Check(IReadOnlyList<Request> requests, IReadOnlyList<Problem> known, DependencyBuilder dependencies)
    {
        var problems = new List<Problem>();
        return ToRefusal(problems, Validate(requests, dependencies, problems), known);
    }

    /// <summary>The same for a request that is no batch: its field is <c>request</c>.</summary>
    /// <inheritdoc cref="Check(IReadOnlyList{Request}, IReadOnlyList{Problem}, DependencyBuilder)"/>
    public Refusal? Check(Request request, IReadOnlyList<Problem> known)
    {
        var problems = new List<Problem>();
        Validate(request, null, problems);
        return ToRefusal(problems, problems.Count, known);
    }

    /// <summary>Adds what is wrong with some of the requests of a batch.</summary>
    /// <param name="requests">The requests.</param>
    /// <param name="firstIndex">The place of the first of them in the batch.</param>
    /// <param name="dependencies">The keys and dependencies of those before them, to which theirs are added.</param>
    /// <param name="problems">Holds <see cref="MaxProblems"/> afterwards at most.</param>
    /// <returns>How many problems they have.</returns>
    public int Validate(IReadOnlyList<Request> requests, int firstIndex, DependencyBuilder dependencies, List<Problem> problems)
    {
        var total = 0;
        for (var i = 0; i < requests.Count; i++)
        {
            var before = problems.Count;
            Validate(requests[i], firstIndex + i, problems);
            if (requests[i].Key.Length > 0)
            {
                ValidateKey(requests[i].Key, firstIndex + i, dependencies.Keys, problems);
            }

            ValidateDependencies(requests[i], firstIndex + i, dependencies, problems);
            total += problems.Count - before;
            if (problems.Count > MaxProblems)
            {
                problems.RemoveRange(MaxProblems, problems.Count - MaxProblems);
            }
        }

        return total;
    }

    /// <summary>Adds what is wrong with the header fields of a request.</summary>
    public void ValidateHeaders(Request request, string field, List<Problem> problems)
    {
        if (request.Headers.Count > _limits.HeadersPerRequest)
        {
            problems.Add(new Problem(
                field,
                $"holds {request.Headers.Count} fields; the limit is {_limits.HeadersPerRequest}"));
            return;
        }

        var length = 0;
        var names = request.Headers.Count > 1 ? new HashSet<string>(StringComparer.OrdinalIgnoreCase) : null;
        foreach (var (name, value) in request.Headers)
        {
            length += name.Length + value.Length;
            if (names?.Add(name) == false)
            {
                problems.Add(new Problem($"{field}[{name}]", "is given twice: names of fields are the same in any case"));
            }

            if (HeaderRules.FindProblem(name, value, _credentialHeader, _denied) is { } problem)
            {
                problems.Add(new Problem($"{field}[{name}]", problem));
            }
        }

        if (length > _limits.HeaderLength)
        {
            problems.Add(new Problem(
                field, $"has {length} characters; the limit is {_limits.HeaderLength}"));
        }
    }

    private static Refusal.Invalid? ToRefusal(List<Problem> problems, int total, IReadOnlyList<Problem> known)
    {
        if (known.Count == 0)
        {
            return total == 0 ? null : new Refusal.Invalid(problems, total);
        }

        var fields = known.Select(problem => problem.Field).ToHashSet(StringComparer.Ordinal);
        Problem[] all = [.. known, .. problems.Where(problem => !IsKnown(problem.Field, fields))];
        // Which of those beyond the limit are known nobody can say, nor whether the reader has found more.
        return new Refusal.Invalid(
            [.. all.Take(MaxProblems)], all.Length, isComplete: total == problems.Count && known.Count < MaxProblems);
    }

    // Of a request that is no request at all, its fields aren't wrong as well.
    private static bool IsKnown(string field, HashSet<string> known) =>
        known.Contains(field) || known.Contains(field[..(field.IndexOf(']', StringComparison.Ordinal) + 1)]);

    private int Validate(IReadOnlyList<Request> requests, DependencyBuilder dependencies, List<Problem> problems)
    {
        if (requests.Count == 0)
        {
            problems.Add(new Problem("requests", "must hold at least one request"));
        }
        else if (requests.Count > _limits.RequestsPerBatch)
        {
            problems.Add(new Problem(
                "requests",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"holds {requests.Count} requests; the limit is {_limits.RequestsPerBatch}")));
        }
        else
        {
            return Validate(requests, firstIndex: 0, dependencies, problems) + dependencies.FindUnknown(problems, MaxProblems);
        }

        return problems.Count;
    }

    private void Validate(Request submitted, int? index, List<Problem> problems)
    {
        // References have no values yet: all that stands around them is checked now.
        if (ReferenceRules.Fill(submitted, _limits, FieldOf(index), problems) is not { } request)
        {
            return;
        }

        if (!router.TryRoute(request, out var route, out var problem))
        {
            problems.Add(new Problem($"{FieldOf(index)}.{problem.Field}", problem.Message));
        }

        if (Methods.Find(request.Method) is null)
        {
            problems.Add(new Problem($"{FieldOf(index)}.method", $"must be one of {Methods.All}"));
        }

        if (request.Spawner || request.Pagination is not null)
        {
            SpawnerRules.Validate(
                request, route.Upstream?.Pagination ?? new PaginationOptions(), _limits, FieldOf(index), problems);
        }

        if (request.Headers.Count > 0)
        {
            ValidateHeaders(request, $"{FieldOf(index)}.headers", problems);
        }
    }

    private void ValidateDependencies(Request request, int index, DependencyBuilder dependencies, List<Problem> problems)
    {
        var given = request.DependsOn.Count;
        ReferenceRules.AddDependencies(request, _limits);
        if (request.DependsOn.Count > _limits.DependenciesPerRequest)
        {
            problems.Add(new Problem(
                $"{FieldOf(index)}.depends_on",
                $"has {request.DependsOn.Count} keys; the limit is {_limits.DependenciesPerRequest} ({OptionKey.Of<LimitOptions>(nameof(LimitOptions.DependenciesPerRequest))})"));
        }
        else if (request.DependsOn.Count > _limits.DependenciesPerBatch - dependencies.Edges)
        {
            problems.Add(new Problem(
                $"{FieldOf(index)}.depends_on",
                $"makes them more than {_limits.DependenciesPerBatch} in the batch ({OptionKey.Of<LimitOptions>(nameof(LimitOptions.DependenciesPerBatch))})"));
        }
        else
        {
            dependencies.Add(index, request, given);
        }

        if (request.HasRunWhen && !Enum.IsDefined(request.RunWhen))
        {
            problems.Add(new Problem($"{FieldOf(index)}.run_when", "is not one that is known"));
        }
        else if (request.RunWhen != RunWhen.Unspecified && request.DependsOn.Count == 0)
        {
            problems.Add(new Problem($"{FieldOf(index)}.run_when", "needs depends_on"));
        }
    }

    private void ValidateKey(string key, int index, RequestKeys keys, List<Problem> problems)
    {
        if (Encoding.UTF8.GetByteCount(key) is var bytes && bytes > _limits.KeyBytes)
        {
            problems.Add(new Problem(
                $"{FieldOf(index)}.key",
                $"has {bytes} bytes; the limit is {_limits.KeyBytes} ({OptionKey.Of<LimitOptions>(nameof(LimitOptions.KeyBytes))})"));
        }
        else if (key.Any(char.IsControl))
        {
            problems.Add(new Problem($"{FieldOf(index)}.key", "must not contain control characters"));
        }
        else if (!keys.TryAdd(key, index, out var first))
        {
            problems.Add(new Problem(
                $"{FieldOf(index)}.key", $"is the key of {FieldOf(first)} already: {CallerText.Quote(key)}"));
        }
    }

    private static string FieldOf(int? index) =>
        index is null ? "request" : string.Create(CultureInfo.InvariantCulture, $"requests[{index}]");
}
