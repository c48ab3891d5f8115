using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace Batching.Rest.Dialects;

/// <summary>
/// Prepares calls of dialects for routing: their paths become those of the contract, and each reply, errors included, has an id
/// and the form of its dialect. Goes before routing.
/// </summary>
internal sealed class DialectMiddleware(RequestDelegate next, IReadOnlyList<DialectPath> paths)
{
    private const int IdBytes = 16;

    // Nothing is served below it.
    private static readonly PathString Nowhere = new("/-");

    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        foreach (var path in paths)
        {
            if (request.Path.StartsWithSegments(path.Given, out var rest))
            {
                request.Path = path.Rule + rest;
                context.Features.Set(path.Form);
                if (path.TakesApiKey)
                {
                    TakeApiKey(request.Headers);
                }

                context.Response.Headers[path.IdHeader] = $"req_{RandomNumberGenerator.GetHexString(2 * IdBytes, lowercase: true)}";
                return next(context);
            }
        }

        // Where clients call another path, that of the contract is none.
        if (paths.Any(path => request.Path.StartsWithSegments(path.Rule)))
        {
            request.Path = Nowhere + request.Path;
        }

        return next(context);
    }

    // Who is told apart by keys of the gateway's own gives both in either field.
    private static void TakeApiKey(IHeaderDictionary headers)
    {
        const string Field = "x-api-key";
        if (headers.Authorization.Count == 0 && headers[Field] is [{ Length: > 0 } key])
        {
            headers.Authorization = $"Bearer {key}";
            headers.Remove(Field);
        }
    }
}
