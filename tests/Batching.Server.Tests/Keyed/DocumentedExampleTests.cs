
namespace Batching.Server.Tests.Keyed;

/// <summary>The examples of the documentation, byte by byte but for the dates.</summary>
[Collection(SharedKeyedGateway.Name)]
public sealed class DocumentedExampleTests(KeyedFixture fixture)
{
    private const string Stars =
        """{"headers":{"response_code":200,"status-code":200,"date":"*","content-length":"64","content-type":"application/json"},"data":[{"id":1,"name":"gold"}],"meta":{"count":1},"linked":{}}""";

    private const string Departments =
        """{"headers":{"response_code":200,"status-code":200,"date":"*","content-length":"41","content-type":"application/json"},"data":[{"id":7}],"meta":{},"linked":{}}""";

    private const string Tickets =
        """{"headers":{"response_code":200,"status-code":200,"date":"*","content-length":"29","content-type":"application/json"},"data":[],"meta":{"page":2}}""";

    [Fact]
    public async Task Post_FourKeys_AnswersAsDocumented()
    {
        var reply = await fixture.Gateway.PostAsync(
            """
            {"t":     {"method": "POST", "url": "/api/tickets", "payload": {"title": "new-ticket"}},
             "john":  "/api/people/1",
             "img":   {"url": "/api/img/1.png"},
             "parts": {"url": "/api/parts", "method": "GET"}}
            """);

        Assert.Equal(
            """{"t":{"headers":{"response_code":201,"status-code":201,"date":"*","content-length":"22","content-type":"application/json"},"data":{"title":"new-ticket"}}"""
            + ""","john":{"headers":{"response_code":404,"status-code":404,"date":"*","content-length":"60","content-type":"application/json"},"data":{"status":404,"code":"not_found","message":"No such person"}}"""
            + ""","img":{"headers":{"response_code":200,"status-code":200,"date":"*","content-length":"70","content-type":"image/png","encoding":"base64"},"data":"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="}"""
            + ""","parts":{"headers":{"response_code":200,"status-code":200,"date":"*","content-length":"49","content-type":"application/json; charset=utf-8"},"data":[{"id":12345678901234567890,"x":1.50},  {"id":2}]}}""",
            KeyedReplies.WithoutDates(reply));
        Assert.Contains(fixture.Api.Calls, call =>
            call is { Method: "POST", Target: "/api/tickets", Text: """{"title": "new-ticket"}""" }
            && call.Headers["Content-Type"] == "application/json");
    }

    [Fact]
    public async Task Get_StarsAndDepartments_AnswersAsDocumented()
    {
        var reply = await fixture.Gateway.GetAsync("?get[stars]=ticket_stars&get[departments]=ticket_departments");

        Assert.Equal($$"""{"stars":{{Stars}},"departments":{{Departments}}}""", KeyedReplies.WithoutDates(reply));
    }

    [Theory]
    [InlineData("?get[open]=/api/v2/tickets%3Fpage%3D2%26status%3Dopen&get[stars]=/api/v2/ticket_stars")]
    [InlineData("?get%5Bopen%5D=/api/v2/tickets%3Fpage%3D2%26status%3Dopen&get%5Bstars%5D=ticket_stars")]
    [InlineData("?get[open][url]=tickets%3Fpage%3D2%26status%3Dopen&get[stars][url]=ticket_stars")]
    public async Task Get_EncodedQuery_AnswersAsDocumented(string query)
    {
        var reply = await fixture.Gateway.GetAsync(query);

        Assert.Equal($$"""{"open":{{Tickets}},"stars":{{Stars}}}""", KeyedReplies.WithoutDates(reply));
        Assert.Contains(fixture.Api.Calls, call => call.Target == "/api/v2/tickets?page=2&status=open");
    }

    [Fact]
    public async Task Get_UnescapedQuestionMark_BelongsToThePath()
    {
        await fixture.Gateway.GetAsync("?get[x]=tickets?page=7&get[y]=/api/v2/ticket_stars");

        Assert.Contains(fixture.Api.Calls, call => call.Target == "/api/v2/tickets?page=7");
    }

    [Fact]
    public async Task Get_UrlAndParams_MakesOneCall()
    {
        var reply = await fixture.Gateway.GetAsync(
            "?get[k][params][page]=2&get[k][url]=tickets&get[k][params][ids][]=1&get[k][params][ids][]=2");

        Assert.Equal($$"""{"k":{{Tickets}}}""", KeyedReplies.WithoutDates(reply));
        Assert.Contains(fixture.Api.Calls, call => call.Target == "/api/v2/tickets?page=2&ids=1&ids=2");
    }

    [Fact]
    public async Task Get_List_AnswersWithAnArray()
    {
        var reply = await fixture.Gateway.GetAsync("?get=/api/v2/ticket_stars,/api/v2/ticket_departments");

        Assert.Equal($"[{Stars},{Departments}]", KeyedReplies.WithoutDates(reply));
    }

    [Fact]
    public async Task Post_EnvelopedMap_AnswersWithResponses()
    {
        var reply = await fixture.Gateway.PostAsync(
            """{"requests": {"stars": "ticket_stars", "john": {"url": "/api/people/1"}, "parts": "/api/parts", "none": "/empty", "text": "/text"}}""");

        Assert.Equal(
            $$"""{"responses":{"stars":{{Stars}}"""
            + ""","john":{"headers":{"response_code":404,"status-code":404,"date":"*","content-length":"60","content-type":"application/json"},"status":404,"code":"not_found","message":"No such person"}"""
            + ""","parts":{"headers":{"response_code":200,"status-code":200,"date":"*","content-length":"49","content-type":"application/json; charset=utf-8"},"data":[{"id":12345678901234567890,"x":1.50},  {"id":2}]}"""
            + ""","none":{"headers":{"response_code":204,"status-code":204,"date":"*"}}"""
            + ""","text":{"headers":{"response_code":200,"status-code":200,"date":"*","content-length":"23","content-type":"text/plain; charset=utf-8"},"data":"a \"text\" with ünïcode"}}}""",
            KeyedReplies.WithoutDates(reply));
    }

    [Fact]
    public async Task Post_EnvelopedList_AnswersWithAnArray()
    {
        var reply = await fixture.Gateway.PostAsync("""{"requests": ["ticket_stars", {"url": "ticket_departments"}]}""");

        Assert.Equal($$"""{"responses":[{{Stars}},{{Departments}}]}""", KeyedReplies.WithoutDates(reply));
    }

    [Theory]
    [InlineData("""{"requests": []}""", """{"responses":[]}""")]
    [InlineData("""{"requests": {}}""", """{"responses":{}}""")]
    [InlineData("{}", "{}")]
    [InlineData(" {\n} ", "{}")]
    public async Task Post_NoCalls_AnswersInTheSameForm(string body, string expected) =>
        Assert.Equal(expected, await fixture.Gateway.PostAsync(body));

    [Theory]
    [InlineData("""{"requests": "ticket_stars"}""")]
    [InlineData("""{"requests": {"method": "GET", "url": "ticket_stars"}}""")]
    public async Task Post_KeyNamedRequests_IsAKey(string body) =>
        Assert.Equal($$"""{"requests":{{Stars}}}""", KeyedReplies.WithoutDates(await fixture.Gateway.PostAsync(body)));

    [Fact]
    public async Task Post_KeyNamedRequestsAmongOthers_IsAKey()
    {
        var reply = KeyedReplies.Parse(await fixture.Gateway.PostAsync("""{"requests": {"a": "/text"}, "stars": "ticket_stars"}"""));

        Assert.Equal(400, reply.GetProperty("requests").Status());
        Assert.Equal(200, reply.GetProperty("stars").Status());
    }

    [Fact]
    public async Task Post_KeyNamedUrlInTheEnvelope_IsAKey()
    {
        var reply = KeyedReplies.Parse(await fixture.Gateway.PostAsync("""{"requests": {"url": {"url": "/text"}}}"""));

        Assert.Equal(200, reply.GetProperty("responses").GetProperty("url").Status());
    }

    [Fact]
    public async Task Post_BodyWithMembersOfTheReply_KeepsEachOnce()
    {
        var reply = await fixture.Gateway.PostAsync("""{"a": "/own-names", "b": "/clash"}""");

        Assert.Equal(
            """{"a":{"headers":{"response_code":200,"status-code":200,"date":"*","content-length":"56","content-type":"application/json"},"data":[1],"h\u0065llo":"w\u00f6rld"}"""
            + ""","b":{"headers":{"response_code":200,"status-code":200,"date":"*","content-length":"2","content-type":"application/json"},"data":{}}}""",
            KeyedReplies.WithoutDates(reply));
    }

    [Fact]
    public async Task Post_EmptyBodyInThePlainForm_IsNull() => Assert.Equal(
        """{"a":{"headers":{"response_code":204,"status-code":204,"date":"*"},"data":null}}""",
        KeyedReplies.WithoutDates(await fixture.Gateway.PostAsync("""{"a": "/empty"}""")));
}
