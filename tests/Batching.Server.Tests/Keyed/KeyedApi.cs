using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Batching.Server.Tests.Keyed;

/// <summary>
/// The API behind the gateway. Paths below <c>/held/</c> don't answer before <see cref="Release"/>; <c>/bytes/N</c> is a
/// JSON string of N bytes; a path that was not mapped answers 404 with its own name.
/// </summary>
public sealed class KeyedApi : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, RequestDelegate> _answers = [];
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TestApi? _api;
    private int _running;
    private int _aborted;

    public string Address => _api!.Address;

    public IReadOnlyCollection<RecordedRequest> Calls => _api!.Requests;

    /// <summary>Calls that are held at the moment.</summary>
    public int Held => Volatile.Read(ref _running);

    /// <summary>The most calls that were held at the same time.</summary>
    public int MostHeld { get; private set; }

    /// <summary>Calls that the gateway has given up.</summary>
    public int Aborted => Volatile.Read(ref _aborted);

    public static async Task<KeyedApi> StartAsync()
    {
        var api = new KeyedApi();
        api._api = await TestApi.StartAsync(api.AnswerAsync);
        return api;
    }

    public static Task AnswerAsync(HttpContext context, int status, string? contentType, byte[] body)
    {
        context.Response.StatusCode = status;
        return TestApi.BytesAsync(context, contentType, body);
    }

    public KeyedApi Map(string path, int status, string? contentType, string body) =>
        Map(path, context => AnswerAsync(context, status, contentType, Encoding.UTF8.GetBytes(body)));

    public KeyedApi Map(string path, RequestDelegate answer)
    {
        _answers[path] = answer;
        return this;
    }

    /// <summary>Lets held calls answer, now and from now on.</summary>
    public void Release() => _released.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        Release();
        await _api!.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        if (_answers.TryGetValue(path, out var answer))
        {
            await answer(context);
        }
        else if (path.StartsWith("/held/", StringComparison.Ordinal))
        {
            await HoldAsync(context);
        }
        else if (path.StartsWith("/bytes/", StringComparison.Ordinal))
        {
            var size = int.Parse(path["/bytes/".Length..], CultureInfo.InvariantCulture);
            await AnswerAsync(
                context, 200, "application/json", Encoding.ASCII.GetBytes('"' + new string('x', size - 2) + '"'));
        }
        else
        {
            await AnswerAsync(context, 404, "application/json", Encoding.UTF8.GetBytes($$"""{"nothing at":"{{path}}"}"""));
        }
    }

    private async Task HoldAsync(HttpContext context)
    {
        lock (_lock)
        {
            MostHeld = Math.Max(MostHeld, Interlocked.Increment(ref _running));
        }

        try
        {
            await _released.Task.WaitAsync(context.RequestAborted);
            await AnswerAsync(context, 200, "application/json", "1"u8.ToArray());
        }
        catch (OperationCanceledException)
        {
            Interlocked.Increment(ref _aborted);
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }
}
