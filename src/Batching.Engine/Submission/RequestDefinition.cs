using Batching.Engine.Upstreams;
using Batching.V1;

namespace Batching.Engine.Submission;

/// <summary>What is stored of a request that was submitted.</summary>
internal static class RequestDefinition
{
    /// <summary>Only the caller's fields; the parts are shared, not copied.</summary>
    /// <param name="request">As it was submitted, and found to be right.</param>
    public static Request Of(Request request)
    {
        var definition = new Request
        {
            Path = request.Path,
            Method = Methods.Find(request.Method)!.Method,
            Params = request.Params,
            Body = request.Body,
            Spawner = request.Spawner,
            Pagination = request.Pagination,
        };
        definition.Headers.Add(request.Headers);
        return definition;
    }
}
