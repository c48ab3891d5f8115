using System.Globalization;
using Batching.Engine.Model;
using Batching.Rest.Calls;
using Batching.V1;

namespace Batching.Rest.V2;

/// <summary>Gathers the calls of a keyed batch as they are read, and what is wrong with each.</summary>
internal sealed class V2Submission
{
    private const string BatchPath = "/api/v2/batch";

    private readonly Dictionary<int, Problem> _problems = [];
    private readonly Dictionary<string, int> _indexes = new(StringComparer.Ordinal);

    /// <summary>The calls.</summary>
    public RunBatchRequest Batch { get; } = new();

    /// <summary>The form that the reply has to have.</summary>
    public V2Form Form { get; set; }

    /// <summary>Problems of single calls, by index; one each.</summary>
    public IReadOnlyDictionary<int, Problem> Problems => _problems;

    /// <summary>Adds a call.</summary>
    /// <exception cref="RefusedCallException">The key was given before.</exception>
    public Request Add(string key)
    {
        if (!_indexes.TryAdd(key, Batch.Calls.Count))
        {
            var problem = new Problem(key, "is a key that comes twice");
            throw new RefusedCallException(problem.Field, problem.Message);
        }

        var call = new KeyedRequest { Key = key, Request = new Request() };
        Batch.Calls.Add(call);
        return call.Request;
    }

    /// <summary>Adds a call to a list, where its place is its key.</summary>
    public Request AddToList() => Add(Batch.Calls.Count.ToString(CultureInfo.InvariantCulture));

    /// <summary>The call of a key, if it was added before.</summary>
    public Request? Find(string key) => _indexes.TryGetValue(key, out var index) ? Batch.Calls[index].Request : null;

    /// <summary>Says what is wrong with a call; the first word stands.</summary>
    public void AddProblem(string key, string field, string message) =>
        _problems.TryAdd(_indexes[key], new Problem(field, message));

    /// <summary>Says what is wrong with the call that was added last, if anything is.</summary>
    public void AddProblem(string field, string? message)
    {
        if (message is not null)
        {
            _problems.TryAdd(Batch.Calls.Count - 1, new Problem(field, message));
        }
    }

    /// <summary>Names a field of a call by the key of the call, and as it stands in the JSON.</summary>
    /// <param name="index">The index of the call.</param>
    /// <param name="field">The field of its request; empty for the call as a whole.</param>
    public string FieldOf(int index, string field) => field switch
    {
        "" or "key" => Batch.Calls[index].Key,
        "path" => $"{Batch.Calls[index].Key}.url",
        "body" => $"{Batch.Calls[index].Key}.payload",
        _ => $"{Batch.Calls[index].Key}.{field}",
    };

    /// <summary>The path of a URL that is relative to the batch's own (RFC 3986, section 5.2).</summary>
    public static string Resolve(string url) => url switch
    {
        "" or ['/', ..] => url,
        ['?', ..] => BatchPath + url,
        _ => string.Concat(BatchPath.AsSpan(0, BatchPath.LastIndexOf('/') + 1), url),
    };
}
