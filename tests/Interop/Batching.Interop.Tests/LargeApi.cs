using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Batching.Interop.Tests;

/// <summary>
/// An API whose answers are on both sides of what gRPC clients take in one message: <c>/bodies/0</c> to
/// <c>/bodies/4</c>. Every other path is kept and answered with <c>{}</c>.
/// </summary>
public sealed class LargeApi : IAsyncDisposable
{
    // 0 and 1 MiB, 3.9 MiB that just fit, and 4.1 and 9.9 MiB that do not.
    private static readonly byte[][] Bodies =
        [.. new[] { 0, 1_048_576, 4_089_446, 4_299_162, 10_380_902 }.Select((size, seed) => BytesOf(seed, size))];

    private readonly ConcurrentQueue<string> _paths = new();
    private readonly WebApplication _app;

    private LargeApi()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    public string Address => _app.Urls.Single();

    /// <summary>What clients have to read, in the order of the paths: <c>SIZE:SHA-256</c>.</summary>
    public static IReadOnlyList<string> Expected { get; } = [.. Bodies.Select(
        body => $"{body.Length}:{Convert.ToHexStringLower(SHA256.HashData(body))}")];

    public static async Task<LargeApi> StartAsync()
    {
        var api = new LargeApi();
        await api._app.StartAsync();
        return api;
    }

    /// <summary>The other paths since the last look, in the order they came.</summary>
    public IReadOnlyList<string> TakePaths()
    {
        List<string> paths = [];
        while (_paths.TryDequeue(out var path))
        {
            paths.Add(path);
        }

        return paths;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static byte[] BytesOf(int seed, int count)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        if (!path.StartsWith("/bodies/", StringComparison.Ordinal))
        {
            _paths.Enqueue(path);
            return context.Response.WriteAsync("{}");
        }

        var body = Bodies[int.Parse(path["/bodies/".Length..], CultureInfo.InvariantCulture)];
        context.Response.ContentLength = body.Length;
        return context.Response.Body.WriteAsync(body).AsTask();
    }
}
