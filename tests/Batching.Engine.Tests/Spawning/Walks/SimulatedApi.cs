using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Batching.Engine.Model;
using Batching.Engine.Upstreams;
using Batching.V1;

namespace Batching.Engine.Tests.Spawning.Walks;

/// <summary>An API in this process, which has the numbers from 0 on.</summary>
internal sealed class SimulatedApi(WalkPlan plan)
{
    private static readonly string[] CursorParams = ["cursor", "pageToken", "page_token"];

    /// <summary>Answers a call.</summary>
    public UpstreamReply Answer(string target)
    {
        var query = Parse(target);
        var size = Math.Min(plan.MostPerPage, Read("limit") ?? Read("page_size") ?? plan.PageSize);
        var token = CursorParams.Select(name => query.GetValueOrDefault(name)).FirstOrDefault(text => text is not null);
        var start = plan.Style switch
        {
            PaginationStyle.Page => ((Read("page") ?? 1) - 1) * size,
            PaginationStyle.Offset => Read("offset") ?? 0,
            _ => token is null or "" ? 0 : int.Parse(token[1..], CultureInfo.InvariantCulture),
        };
        if (plan.Lie == Lie.IgnoresParams)
        {
            (start, size) = (0, plan.Total);
        }
        else if (plan.Lie == Lie.ClampsPages && start >= plan.Total)
        {
            start = Math.Max(0, (plan.Total - 1) / size * size);
        }

        var end = Math.Clamp(start + size, start, Math.Max(start, plan.Total));
        if (plan.Lie == Lie.ShortPages && plan.Style != PaginationStyle.Page && start > 0 && end < plan.Total && end - start > 1)
        {
            end--;
        }

        var page = new JsonObject { ["items"] = new JsonArray([.. Enumerable.Range(start, end - start).Select(item => (JsonNode)item)]) };
        if (plan is { IsStepped: true, Told: { } told })
        {
            page["total"] = told;
        }

        var headers = "content-type: application/json\n";
        if (FindNext(start, end, token) is { } next)
        {
            if (plan.Form == PageForm.Link)
            {
                headers += $"link: </items?cursor={next}&limit={size}>; rel=\"next\"\n";
            }
            else
            {
                Show(page, next, size);
            }
        }

        return ToReply(headers, page.ToJsonString());

        int? Read(string name) => query.GetValueOrDefault(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
    }

    // The token of the next page; null if none is shown.
    private string? FindNext(int start, int end, string? token) => plan.Lie switch
    {
        _ when plan.Style == PaginationStyle.Page || plan.Style == PaginationStyle.Offset =>
            plan.Lie == Lie.NextNeverEnds || end < plan.Total ? $"c{end}" : null,
        Lie.IgnoresParams => "c1",
        _ when end < plan.Total => $"c{end}",
        Lie.EmptyLastPage or Lie.RepeatedCursorWhenEmpty when end > start => $"c{end}",
        Lie.RepeatedCursorWhenEmpty or Lie.RepeatedCursor => token is "" ? null : token,
        Lie.NextLeadsToTheFirst => "c0",
        Lie.NextNeverEnds => $"c{Math.Max(end, start + 1)}",
        _ => null,
    };

    private void Show(JsonObject page, string next, int size)
    {
        var url = $"/items?cursor={next}&limit={size}";
        switch (plan.Form)
        {
            case PageForm.Cursor:
                page["cursor"] = next;
                break;
            case PageForm.Next or PageForm.Plain:
                page["next"] = url;
                break;
            case PageForm.ODataNextLink:
                page["@odata.nextLink"] = $"http://api.test{url}";
                break;
            case PageForm.NextObject:
                page["next"] = new JsonObject { ["href"] = url };
                break;
            case PageForm.JsonApiLinks:
                page["links"] = new JsonObject { ["self"] = "/items", ["next"] = url };
                break;
            case PageForm.HalLinks:
                page["_links"] = new JsonObject { ["next"] = new JsonObject { ["href"] = url } };
                break;
            case PageForm.PagingNext:
                page["paging"] = new JsonObject { ["next"] = url };
                break;
            case PageForm.NextPageToken:
                page["nextPageToken"] = next;
                break;
            case PageForm.NextPageTokenSnake:
                page["next_page_token"] = next;
                break;
            case PageForm.NextCursor:
                page["next_cursor"] = next;
                break;
            case PageForm.MetaNextCursor:
                page["meta"] = new JsonObject { ["next_cursor"] = next };
                break;
            case PageForm.ResponseMetadata:
                page["response_metadata"] = new JsonObject { ["next_cursor"] = next };
                break;
        }
    }

    /// <summary>The items of a page.</summary>
    public static IEnumerable<int> ItemsOf(UpstreamReply reply)
    {
        using var json = JsonDocument.Parse(reply.Body);
        return [.. json.RootElement.GetProperty("items").EnumerateArray().Select(item => item.GetInt32())];
    }

    private static Dictionary<string, string> Parse(string target)
    {
        var query = new Dictionary<string, string>();
        foreach (var parameter in target[(target.IndexOf('?', StringComparison.Ordinal) + 1)..].Split('&'))
        {
            var parts = parameter.Split('=');
            query[parts[0]] = parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : "";
        }

        return query;
    }

    private static UpstreamReply ToReply(string headers, string body)
    {
        var bytes = Encoding.UTF8.GetBytes(headers + body);
        var buffer = BodyBuffers.Rent(bytes.Length);
        bytes.CopyTo(buffer, 0);
        return UpstreamReply.FromApi(200, buffer, headers.Length, bytes.Length);
    }
}
