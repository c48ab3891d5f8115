using Batching.Cli.Input;

namespace Batching.Cli.Tests.Input;

public sealed class CurlCommandTests
{
    [Theory]
    [InlineData("curl http://host:80/a/b?c=d#e", "", "/a/b?c=d", "")]
    [InlineData("curl host/a", "", "/a", "")]
    [InlineData("curl https://host", "", "/", "")]
    [InlineData("curl https://host?x=1", "", "/?x=1", "")]
    [InlineData("curl -X DELETE --url /a%20b", "DELETE", "/a%20b", "")]
    [InlineData("curl -XPUT /a -d x=1 -d y=2", "PUT", "/a", "x=1&y=2")]
    [InlineData("curl --request=PATCH /a --json '{\"a\": 1.50}'", "PATCH", "/a", "{\"a\": 1.50}")]
    [InlineData("curl /a --data-raw '@x'", "POST", "/a", "@x")]
    [InlineData("curl -G /a?z=0 -d x=1 --data-urlencode 'y=a b'", "", "/a?z=0&x=1&y=a%20b", "")]
    [InlineData("curl -sS -L -o out -I /a", "HEAD", "/a", "")]
    public void Read_Commands_GivesTheCall(string command, string method, string path, string body)
    {
        var call = CurlCommand.Read(command);

        Assert.Equal((method, path, body), (call.Method, call.Path, call.Body.ToStringUtf8()));
    }

    [Fact]
    public void Read_HeaderFields_AreKept()
    {
        var call = CurlCommand.Read("curl /a -H 'X-A:  b: c ' -A me -b 'x=y' -d 1");

        Assert.Equal(
            new Dictionary<string, string>
            {
                ["X-A"] = "b: c",
                ["User-Agent"] = "me",
                ["Cookie"] = "x=y",
                ["Content-Type"] = "application/x-www-form-urlencoded",
            },
            call.Headers);
    }

    [Theory]
    [InlineData("wget /a")]
    [InlineData("curl")]
    [InlineData("curl /a /b")]
    [InlineData("curl /a -d @file")]
    [InlineData("curl /a -H 'Authorization: Bearer x'")]
    [InlineData("curl /a -F a=b")]
    [InlineData("curl /a -X")]
    public void Read_WhatCanNotBeKept_IsRefused(string command) => Assert.Throws<FormatException>(() => CurlCommand.Read(command));
}
