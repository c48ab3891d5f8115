using System.Diagnostics.CodeAnalysis;
using Batching.Engine.Configuration;
using Batching.Engine.Content;
using Batching.Engine.Model;
using Batching.V1;

namespace Batching.Engine.Upstreams;

/// <summary>
/// Writes the query string of a request: <c>query</c> as it is; of its params strings and numbers as they are, booleans as
/// <c>true</c> and <c>false</c>, arrays by repeating the name, objects as JSON text; null is left out.
/// </summary>
internal static class QueryParams
{
    /// <summary>Characters that params may have as JSON for each that they may have in a path.</summary>
    private const int JsonPerPath = 4;

    /// <summary>Appends the parameters of a request behind whatever query the path has already.</summary>
    /// <param name="request">The request.</param>
    /// <param name="limits">Of params and of the path with them.</param>
    /// <param name="path">Its path.</param>
    /// <param name="problem">Why they are refused.</param>
    public static bool TryAppend(
        Request request, LimitOptions limits, ref string path, [NotNullWhen(false)] out Problem? problem)
    {
        problem = null;
        if (!HasAny(request))
        {
            return true;
        }

        if (request.ParamsJson.Length > 0 && request.Params is not null)
        {
            problem = new Problem("params_json", "must not be given beside params");
            return false;
        }

        // Much white space is left out when it is sent, and still has to be read and stored.
        var maxJson = JsonPerPath * limits.PathLength;
        if (request.ParamsJson.Length > maxJson)
        {
            problem = new Problem("path", $"has params of more than {maxJson} characters as JSON");
            return false;
        }

        var query = new QueryWriter(path, limits.PathLength);
        problem = Append(query, request, limits.ParamsDepth);
        if (problem is null && query.IsTooLong)
        {
            problem = new Problem("path", $"is longer than {limits.PathLength} characters with its params");
        }
        else
        {
            path = query.ToString();
        }

        return problem is null;
    }

    /// <summary>The path of a request that was found to be right, with its parameters.</summary>
    public static string Append(Request request, string path)
    {
        if (!HasAny(request))
        {
            return path;
        }

        var query = new QueryWriter(path, int.MaxValue);
        Append(query, request, int.MaxValue);
        return query.ToString();
    }

    private static bool HasAny(Request request) =>
        request.ParamsJson.Length > 0 || request.Params is not null || request.Query.Count > 0;

    private static Problem? Append(QueryWriter query, Request request, int maxDepth)
    {
        foreach (var parameter in request.Query)
        {
            query.Add(parameter.Name, parameter.Value);
        }

        string? problem = null;
        if (request.ParamsJson.Length > 0)
        {
            if (!JsonParams.TryParse(request.ParamsJson, out var parameters))
            {
                return new Problem("params_json", "is not a JSON object");
            }

            problem = parameters.Append(query, maxDepth);
        }
        else if (request.Params is { } message)
        {
            problem = StructParams.FindProblem(message, maxDepth);
            if (problem is null)
            {
                StructParams.Append(query, message);
            }
        }

        return problem is null ? null : new Problem("path", problem);
    }
}
