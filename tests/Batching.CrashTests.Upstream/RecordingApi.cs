using System.Collections.Concurrent;
using System.Globalization;

namespace Batching.CrashTests.Upstream;

/// <summary>
/// The API behind the gateway: <c>/call/TOKEN</c> is a call, <c>/pages/TOKEN</c> a collection by cursor or by numbered
/// pages. Every call is in the journal before it is answered, and every answer before it is written.
/// </summary>
internal sealed class RecordingApi(Journal journal, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, int> _calls = new();
    private long _number;

    public async Task HandleAsync(HttpContext context)
    {
        var request = context.Request;
        var parts = request.Path.Value!.Split('/');
        var plan = AnswerPlan.Read(request.Query);
        var page = parts[1] == "pages" ? ReadPage(request.Query) : 0;
        var token = page == 0 ? parts[2] : string.Create(CultureInfo.InvariantCulture, $"{parts[2]}.{page}");
        using var reader = new StreamReader(request.Body);
        var body = await reader.ReadToEndAsync();
        var number = Interlocked.Increment(ref _number);
        journal.Write(new ReceivedCall(
            number,
            token,
            request.Method,
            Field(request, "Idempotency-Key"),
            Field(request, "Authorization"),
            body,
            time.GetUtcNow()));
        var mayRepeat = !HttpMethods.IsPost(request.Method) && !HttpMethods.IsPatch(request.Method);
        Console.WriteLine(mayRepeat ? UpstreamSignals.SafeCall : UpstreamSignals.UnsafeCall);
        var attempt = _calls.AddOrUpdate(token, 1, static (_, count) => count + 1);
        if (plan.DelayMilliseconds > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(plan.DelayMilliseconds), time);
        }

        await AnswerAsync(context, plan, token, number, attempt, page);
    }

    private async Task AnswerAsync(
        HttpContext context, AnswerPlan plan, string token, long number, int attempt, int page)
    {
        var (type, body) = page == 0
            ? BodyFactory.Create(plan, token, number)
            : ("application/json", BodyFactory.CreatePage(plan, token, number, page));
        var response = context.Response;
        response.StatusCode = plan.StatusTimes == 0 || attempt <= plan.StatusTimes ? plan.Status : 200;
        response.ContentType = type;
        response.ContentLength = body.Length;
        var isCut = attempt <= plan.Cuts;
        journal.Write(new GivenAnswer(number, token, response.StatusCode, body.Length, BodyHash.Of(body), isCut));
        if (!isCut)
        {
            await response.Body.WriteAsync(body);
            return;
        }

        // Every other time the head gets through. Without a body that would be a whole answer.
        if (number % 2 == 0 && body.Length > 1)
        {
            await response.Body.WriteAsync(body.AsMemory(0, body.Length / 2));
            await response.Body.FlushAsync();
        }

        context.Abort();
    }

    // The cursor is p and the number of the page; the first page has none.
    private static int ReadPage(IQueryCollection query)
    {
        var text = query.ContainsKey("page") ? query["page"].ToString() : query["cursor"].ToString().TrimStart('p');
        return text.Length == 0 ? 1 : int.Parse(text, CultureInfo.InvariantCulture);
    }

    private static string? Field(HttpRequest request, string name) =>
        request.Headers.TryGetValue(name, out var value) ? value.ToString() : null;
}
