using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Batching.Page.Tests.Infrastructure;

/// <summary>Fails the first call of each key with 409, and keeps what the others bring.</summary>
internal sealed class FailOnce
{
    private readonly ConcurrentDictionary<string, int> _calls = new();

    /// <summary>The second calls by key: their header field <c>X-Trace</c> and their body.</summary>
    public ConcurrentDictionary<string, (string Trace, string Body)> Second { get; } = new();

    public void Map(WebApplication api) => api.MapPost("/once/{key}", async (string key, HttpRequest request) =>
    {
        using var reader = new StreamReader(request.Body);
        var body = await reader.ReadToEndAsync();
        if (_calls.AddOrUpdate(key, 1, (_, count) => count + 1) == 1)
        {
            return Results.Conflict();
        }

        Second[key] = (request.Headers["X-Trace"].ToString(), body);
        return Results.Ok();
    });
}
