using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Batching.SampleApi;

/// <summary>
/// A call that fails with <c>status</c> (400 to 599, default 500): always, or only the first
/// <c>times</c> times for one <c>key</c>, and with a <c>Retry-After</c> of <c>retry_after</c> seconds if given.
/// </summary>
internal sealed class FailEndpoint
{
    private const int MaxKeys = 10_000;

    private readonly Recent<string, int> _calls = new(MaxKeys);

    public void Map(IEndpointRouteBuilder api) => api.Map("/fail", Fail);

    private IResult Fail(HttpRequest request, HttpResponse response)
    {
        var query = new QueryReader(request.Query);
        var status = query.Number("status", StatusCodes.Status500InternalServerError, 400, 599);
        var times = query.Number("times", int.MaxValue, 0, int.MaxValue);
        var retryAfter = query.Number("retry_after", -1, 0, 3600);
        if (query.Error is { } error)
        {
            return Reply.BadRequest(error);
        }

        if (query.Text("times") is not null)
        {
            var call = _calls.Update(query.Text("key") ?? "", calls => calls + 1);
            if (call > times)
            {
                return Reply.Json(new { message = "It works now", call });
            }
        }

        if (retryAfter >= 0)
        {
            response.Headers.RetryAfter = retryAfter.ToString(CultureInfo.InvariantCulture);
        }

        return Reply.Error(status, "This call fails as asked");
    }
}
