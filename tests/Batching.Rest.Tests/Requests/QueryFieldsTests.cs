using Batching.Contracts.Rest;
using Batching.Rest.Calls;
using Batching.Rest.Requests;
using Batching.V1;
using Google.Protobuf.Reflection;
using Google.Rpc;
using Microsoft.AspNetCore.Http;

namespace Batching.Rest.Tests.Requests;

public sealed class QueryFieldsTests
{
    [Theory]
    [InlineData("request_ids=1,2&request_ids=3", "request_ids=1|2|3")]
    [InlineData("requestIds=1", "request_ids=1")]
    [InlineData("REQUEST-IDS=1&Request_Ids=2", "request_ids=1|2")]
    [InlineData("request_ids=%2C1%2C+2,,", "request_ids=1|2")]
    [InlineData("after=7", "after=7")]
    [InlineData("after=-1", "after=-1")]
    [InlineData("after=%2B1", "after=1")]
    [InlineData("after=&after=2&after", "after=2")]
    [InlineData("cache=1&after=3&x.y=2&=4&after.x=1", "after=3")]
    [InlineData("", "")]
    public void Bind_Query_LeavesTheFieldsThatThereAre(string query, string fields) =>
        Assert.Equal(fields, Bind(query, FetchRequest.Descriptor));

    [Theory]
    [InlineData("detailed=true", "detailed=true")]
    [InlineData("Detailed=TRUE", "detailed=true")]
    [InlineData("detailed=1", "detailed=true")]
    [InlineData("detailed=0", "detailed=false")]
    [InlineData("detailed=", "")]
    public void Bind_Boolean_IsReadInAnyCase(string query, string fields) =>
        Assert.Equal(fields, Bind(query, GetStatusRequest.Descriptor));

    [Theory]
    [InlineData("limit=5", "limit=5")]
    [InlineData("limit=99999999999", "limit=2147483647")]
    [InlineData("limit=-99999999999", "limit=-2147483648")]
    public void Bind_NumberOf32Bits_IsCutToThem(string query, string fields) =>
        Assert.Equal(fields, Bind(query, ListRequest.Descriptor));

    [Theory]
    [InlineData("request_fields=path,response.statusCode&requestFields=doneTime", "request_fields=path,response.status_code,done_time")]
    public void Bind_FieldMask_IsReadInBothSpellings(string query, string fields) =>
        Assert.Equal(fields, Bind(query, FetchBatchRequest.Descriptor));

    [Theory]
    [InlineData("after=x", "after must be a whole number, not 'x'")]
    [InlineData("after=1.5", "after must be a whole number, not '1.5'")]
    [InlineData("after=+1", "after must be a whole number, not ' 1'")]
    [InlineData("after=9223372036854775808", "after must be a whole number, not '9223372036854775808'")]
    [InlineData("after=1&AFTER=2", "after is given twice")]
    [InlineData("after=1&after=1&batch_id=a&batch-id=b", "after is given twice; batch_id is given twice")]
    public void Bind_BadValues_NamesEach(string query, string problems)
    {
        var refused = Assert.Throws<RefusedCallException>(() => Bind(query, FetchRequest.Descriptor));

        Assert.Equal(400, refused.Error.HttpStatus);
        var violations = Assert.Single(refused.Error.Status.Details).Unpack<BadRequest>().FieldViolations;
        Assert.Equal(problems, string.Join("; ", violations.Select(problem => $"{problem.Field} {problem.Description}")));
    }

    // The query string itself is still read for what is in no message.
    [Fact]
    public void Bind_Query_LeavesTheTextAsItIs()
    {
        var context = new DefaultHttpContext();
        context.Request.QueryString = new QueryString("?after=1&x=%20&suppress_response_codes=1");

        QueryFields.Bind(context.Request, FetchRequest.Descriptor);

        Assert.Equal("?after=1&x=%20&suppress_response_codes=1", context.Request.QueryString.Value);
    }

    private static string Bind(string query, MessageDescriptor message)
    {
        var context = new DefaultHttpContext();
        context.Request.QueryString = query.Length > 0 ? new QueryString($"?{query}") : default;
        QueryFields.Bind(context.Request, message);
        return string.Join('&', context.Request.Query.Select(field => $"{field.Key}={string.Join('|', field.Value.ToArray())}"));
    }
}
