using Batching.Server.Tests.Infrastructure;

namespace Batching.Server.Tests.Submission;

/// <summary>Bodies that are not what their content encoding says.</summary>
public sealed class CompressedBodyTests(GatewayFixture fixture) : IClassFixture<GatewayFixture>
{
    // RFC 1950, section 2.2: the header says that the data needs a dictionary, which nobody has.
    private static readonly byte[] NeedsDictionary = [0x78, 0xBB, 0x00, 0x00, 0x00, 0x01, 0x03, 0x00];

    [Theory]
    [InlineData("/api/v0/batch")]
    [InlineData("/api/v1/batches")]
    [InlineData("/api/v2/batch")]
    public async Task Post_DeflateWithADictionary_IsTheCallersError(string path)
    {
        using var content = new ByteArrayContent(NeedsDictionary);
        content.Headers.ContentEncoding.Add("deflate");
        content.Headers.ContentType = new("application/json");
        var reply = await fixture.Gateway.Rest.SendAsync(HttpMethod.Post, path, content);
        Assert.Equal(400, reply.Status);
        Assert.Contains("The body is not what its content encoding says.", reply.Text, StringComparison.Ordinal);
    }
}
