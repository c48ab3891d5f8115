using Batching.Rest.Calls;
using Batching.V1;
using Microsoft.AspNetCore.WebUtilities;

namespace Batching.Rest.V2;

/// <summary>
/// Reads the query of <c>GET /api/v2/batch</c>: <c>get[KEY]=path</c>, <c>get[KEY][url]=path</c> with
/// <c>get[KEY][params][NAME]=value</c>, or <c>get=path,path</c>. Calls are GET and nothing else. A key may hold
/// brackets itself, so a parameter is read from its end.
/// </summary>
internal static class V2QueryReader
{
    private const string Name = "get";
    private const string KeyStart = "get[";
    private const string Url = "][url]";
    private const string Params = "][params][";

    // Parts of a call that a GET has no use for, or must not have.
    private static readonly string[] Refused = ["method", "payload", "data", "headers"];

    /// <exception cref="RefusedCallException">There is no call, both forms are mixed, or a key comes twice.</exception>
    public static void Read(string? query, V2Submission submission)
    {
        var isMap = false;
        var isList = false;
        foreach (var parameter in new QueryStringEnumerable(query))
        {
            var name = parameter.DecodeName().ToString();
            var value = parameter.DecodeValue().ToString();
            if (name == Name)
            {
                isList |= value.Length > 0;
                foreach (var path in value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
                {
                    submission.AddToList().Path = V2Submission.Resolve(path);
                }
            }
            else if (name.StartsWith(KeyStart, StringComparison.Ordinal) && name.EndsWith(']'))
            {
                isMap = true;
                ReadPart(name, value, submission);
            }

            if (isMap && isList)
            {
                throw new RefusedCallException(Name, "must be either a list or one parameter for each key, not both");
            }
        }

        if (!isMap && !isList)
        {
            throw new RefusedCallException(Name, "is required: get[KEY]=/path for each call, or get=/path,/path");
        }

        submission.Form = isList ? V2Form.List : V2Form.Map;
    }

    private static void ReadPart(string name, string value, V2Submission submission)
    {
        if (name.EndsWith(Url, StringComparison.Ordinal) && name.Length - Url.Length >= KeyStart.Length)
        {
            var key = name[KeyStart.Length..^Url.Length];
            var request = FindOrAdd(key, submission);
            if (request.Path.Length > 0)
            {
                throw new RefusedCallException(name, "is given twice");
            }

            request.Path = V2Submission.Resolve(value);
            return;
        }

        var parameters = name.IndexOf(Params, KeyStart.Length, StringComparison.Ordinal);
        if (parameters >= 0)
        {
            var key = name[KeyStart.Length..parameters];
            AddParam(FindOrAdd(key, submission), name[(parameters + Params.Length)..^1], value);
            return;
        }

        foreach (var refused in Refused)
        {
            var end = name.LastIndexOf($"][{refused}]", StringComparison.Ordinal);
            if (end >= KeyStart.Length && (end + refused.Length + 3 == name.Length || refused == "headers"))
            {
                ReadRefused(name[KeyStart.Length..end], refused, value, submission);
                return;
            }
        }

        submission.Add(name[KeyStart.Length..^1]).Path = V2Submission.Resolve(value);
    }

    private static void ReadRefused(string key, string part, string value, V2Submission submission)
    {
        FindOrAdd(key, submission);
        if (part != "method")
        {
            submission.AddProblem(key, part, "can't be given in a query: send the batch with POST");
        }
        else if (!value.Equals("GET", StringComparison.OrdinalIgnoreCase))
        {
            submission.AddProblem(key, part, "must be GET in a query: send the batch with POST");
        }
    }

    private static Request FindOrAdd(string key, V2Submission submission) =>
        submission.Find(key) ?? submission.Add(key);

    // PHP's way of saying that a name comes more than once.
    private static void AddParam(Request request, string name, string value)
    {
        const string List = "][";
        name = name.EndsWith(List, StringComparison.Ordinal) ? name[..^List.Length] : name;
        request.Query.Add(new QueryParameter { Name = name, Value = value });
    }
}
