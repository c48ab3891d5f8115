using System.Text;
using Batching.Engine.Configuration;
using Batching.Engine.Content;
using Batching.Engine.Keyed;
using Batching.Engine.Model;
using Batching.V1;
using Google.Rpc;
using static System.FormattableString;

namespace Batching.Rest.Graph;

/// <summary>Gathers the requests of a batch as they are read, what is wrong with each, and what is wrong with the batch.</summary>
internal sealed class GraphSubmission
{
    // More than this are not named.
    private const int MaxProblems = 100;

    private readonly Dictionary<int, Problem> _problems = [];
    private readonly Dictionary<int, Response> _responses = [];
    private readonly Dictionary<int, IReadOnlyList<int>> _dependsOn = [];
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<int>> _groups = new(StringComparer.Ordinal);
    private readonly Dictionary<int, string> _groupOf = [];
    private readonly List<Problem> _refused = [];

    /// <summary>The requests.</summary>
    public RunBatchRequest Batch { get; } = new();

    /// <summary>Problems of the batch: with one, none of its requests is made.</summary>
    public IReadOnlyList<Problem> Refused => _refused;

    /// <summary>Facts about the requests that are known before they are made.</summary>
    public CallPlan ToPlan() => new() { Problems = _problems, Responses = _responses, DependsOn = _dependsOn };

    /// <summary>The atomicity group of a request; null if it has none.</summary>
    public string? FindGroup(int index) => _groupOf.GetValueOrDefault(index);

    /// <summary>Adds a request, whose id is not known yet.</summary>
    public Request Add()
    {
        var call = new KeyedRequest { Request = new Request() };
        Batch.Calls.Add(call);
        return call.Request;
    }

    /// <summary>Gives the request that was added last its id, and says what it depends on.</summary>
    /// <param name="id">Its id; null if it has none.</param>
    /// <param name="group">Its atomicity group; null if it has none.</param>
    /// <param name="needed">Ids and groups that it depends on.</param>
    public void Identify(string? id, string? group, IReadOnlyList<string> needed)
    {
        var index = Batch.Calls.Count - 1;
        if (string.IsNullOrEmpty(id))
        {
            Refuse(index, "id", "is required: a string that no other request has");
            return;
        }

        Batch.Calls[index].Key = id;
        Depend(index, id, needed);
        if (!_ids.TryAdd(id, index) || _groups.ContainsKey(id))
        {
            Refuse(index, "id", $"is given twice: {CallerText.Quote(id)}");
        }

        if (group is not null)
        {
            Join(index, group);
        }
    }

    /// <summary>Whether a request before has this id.</summary>
    public bool HasId(string id) => _ids.ContainsKey(id);

    /// <summary>Refuses ids that no stored batch can have.</summary>
    /// <param name="maxBytes">Bytes that one may have in UTF-8.</param>
    public void CheckIds(int maxBytes)
    {
        foreach (var (id, index) in _ids)
        {
            if (Encoding.UTF8.GetByteCount(id) > maxBytes)
            {
                Refuse(index, "id", $"has more than {maxBytes} bytes ({OptionKey.Of<LimitOptions>(nameof(LimitOptions.KeyBytes))})");
            }
            else if (id.Any(char.IsControl))
            {
                Refuse(index, "id", "must not contain control characters");
            }
        }
    }

    /// <summary>Says what is wrong with the batch, by a member of the request that was added last.</summary>
    public void Refuse(string member, string message) => Refuse(Batch.Calls.Count - 1, member, message);

    /// <summary>Says what is wrong with the batch.</summary>
    public void Refuse(Problem problem)
    {
        if (_refused.Count < MaxProblems)
        {
            _refused.Add(problem);
        }
    }

    /// <summary>Says what is wrong with the request that was added last; the first word stands.</summary>
    public void AddProblem(string field, string message) =>
        _problems.TryAdd(Batch.Calls.Count - 1, new Problem(field, message));

    /// <summary>Says that the request that was added last asks for what there is not; the first word stands.</summary>
    /// <param name="status">The status that it gets.</param>
    /// <param name="message">A sentence.</param>
    public void Reject(int status, string message) => _responses.TryAdd(Batch.Calls.Count - 1, new Response
    {
        StatusCode = status,
        Error = new Status { Code = (int)Code.Unimplemented, Message = message },
    });

    private void Depend(int index, string id, IReadOnlyList<string> needed)
    {
        if (needed.Count == 0)
        {
            return;
        }

        var indexes = new List<int>();
        foreach (var name in needed)
        {
            if (_ids.TryGetValue(name, out var before))
            {
                indexes.Add(before);
            }
            else if (_groups.TryGetValue(name, out var members))
            {
                indexes.AddRange(members);
            }
            else
            {
                Refuse(index, "dependsOn", name == id
                    ? "must not name the request itself"
                    : $"must name requests before it, and {CallerText.Quote(name)} is none");
            }
        }

        _dependsOn[index] = indexes;
    }

    private void Join(int index, string group)
    {
        if (_ids.ContainsKey(group))
        {
            Refuse(index, "atomicityGroup", $"must not be the id of a request: {CallerText.Quote(group)}");
            return;
        }

        if (!_groups.TryGetValue(group, out var members))
        {
            _groups[group] = members = [];
        }

        members.Add(index);
        _groupOf[index] = group;
        Reject(501, "This gateway does not make requests atomic: none of an atomicity group is made.");
    }

    private void Refuse(int index, string member, string message) => Refuse(new Problem(Invariant($"requests[{index}].{member}"), message));
}
