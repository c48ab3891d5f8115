using System.Globalization;
using Batching.V1;
using Google.Protobuf.WellKnownTypes;

namespace Batching.Security.Tests.Hostile;

/// <summary>The table: what callers might try with a single request, each with its refusal.</summary>
public static class HostileCases
{
    private const string Dots = "must not contain the segments . and .., in any encoding";
    private const string Empty = "must not contain empty segments";
    private const string Absolute = "must be a path, not an absolute URL";
    private const string Backslash = "must not contain a backslash";
    private const string Control = "must not contain control characters, in any encoding";
    private const string RawControl = "must not contain white space or control characters";
    private const string Fragment = "must not contain a fragment";
    private const string User = "must not contain user information";
    private const string Utf8 = "is not valid UTF-8 when decoded";
    private const string Percent = "has an incomplete percent-encoding";
    private const string Batches = "belongs to batches";
    private const string Methods = "must be one of GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS";
    private const string NoName = "is not the name of a header field";
    private const string Connection = "can't be set: it belongs to the connection or to the gateway";
    private const string Credential = "can't be set: the API gets the credential that the batch was submitted with";
    private const string Denied = "can't be set: this gateway does not let it through";
    private const string BadValue = "must not contain CR, LF, NUL or other control characters";

    // One dot, and what some server takes for one.
    private static readonly string[] DotForms = [".", "%2e", "%2E", "%252e", "%252E", "%25252e"];

    private static readonly (string Path, string Message)[] Paths =
    [
        ("", "is required"),
        // Other hosts.
        ("http://elsewhere.test/x", Absolute), ("https://elsewhere.test/x", Absolute), ("HTTP://ELSEWHERE.TEST/x", Absolute),
        ("/http://elsewhere.test/x", Absolute), ("file:///etc/passwd", Absolute), ("gopher://elsewhere.test:70/x", Absolute),
        ("x/http://elsewhere.test/", Absolute), ("http%3A//elsewhere.test/x", Empty), ("http:%2F%2Felsewhere.test/x", Empty),
        ("http%3A%2F%2Felsewhere.test/x", Empty), ("http%253A%252F%252Felsewhere.test/x", Empty),
        ("//elsewhere.test/x", Empty), ("///elsewhere.test/x", Empty), ("//elsewhere.test", Empty), ("//", Empty),
        ("////", Empty), ("/%2Felsewhere.test/x", Empty), ("/%2felsewhere.test", Empty), ("/%252Felsewhere.test/x", Empty),
        ("/%25252Felsewhere.test/x", Empty), ("%2F%2Felsewhere.test/x", Empty), ("//user@elsewhere.test/x", Empty),
        ("//elsewhere.test:80/x", Empty), ("//[::1]/x", Empty), ("//127.0.0.1:1/x", Empty),
        // Empty segments.
        ("/a//b", Empty), ("/a///b", Empty), ("/a/%2F/b", Empty), ("/a%2F%2Fb", Empty), ("/a/%2Fb", Empty), ("/a%252F%252Fb", Empty),
        ("/a/%252Fb", Empty), ("/a%2F/b", Empty), ("/;x=1/b", Empty), ("/a/;/b", Empty), ("/a/;x=1/b", Empty), ("/a/%3Bx/b", Empty),
        ("/a/%3Fx/b", Empty), ("/a/%23x/b", Empty),
        // Dot segments in the company of something else.
        ("/..;/x", Dots), ("/..;a=b/x", Dots), ("/.;/x", Dots), ("/%2e%2e;a=b/x", Dots), ("/%2e%2e%3b/x", Dots), ("/a;b/../x", Dots),
        ("/..%3Bx/y", Dots), ("/..%253Bx/y", Dots), ("/..%3Fx=1/y", Dots), ("/..%253Fx/y", Dots), ("/..%23x/y", Dots),
        ("/..%20/y", Dots), ("/%20../y", Dots), ("/..%2520/y", Dots), ("/a/..?x=1", Dots), ("/a%2f..%2fb", Dots),
        ("/a%2F%2E%2E%2Fb", Dots), ("/..%2fb", Dots), ("/%252e%252e%252fb", Dots), ("/a/.%2fb", Dots), ("/a%252f..%252fb", Dots),
        ("/a/b/c/../../../../etc/passwd", Dots), ("/%25252525252e/x", "is percent-encoded too many times"),
        // Backslashes.
        ("\\\\elsewhere.test\\x", Backslash), ("/\\elsewhere.test/x", Backslash), ("\\/elsewhere.test/x", Backslash), ("/a\\b", Backslash),
        ("/a\\..\\b", Backslash), ("/x?q=\\", Backslash), ("/%5C%5Celsewhere.test/x", Backslash), ("/%5celsewhere.test/x", Backslash),
        ("/a%5Cb", Backslash), ("/a%255Cb", Backslash), ("/a%25255Cb", Backslash), ("/..%5Cx", Backslash), ("/..%255cx", Backslash),
        ("http:\\\\elsewhere.test\\x", Backslash),
        // Control characters and white space.
        ("/a b", RawControl), (" /a", RawControl), ("/a ", RawControl), ("/a\tb", RawControl), ("/a\nb", RawControl), ("/a\rb", RawControl),
        ("/a\r\nHost: elsewhere.test", RawControl), ("/a HTTP/1.1\r\nHost: elsewhere.test\r\n\r\nGET /b", RawControl),
        ("/a\0", RawControl), ("/a\u0001", RawControl), ("/a\u001F", RawControl), ("/a\u007F", RawControl), ("/a\u0085", RawControl),
        ("/a\u009F", RawControl), ("/a\u00A0b", RawControl), ("/a\u2028b", RawControl), ("/a\u3000b", RawControl), ("/x?q=a b", RawControl),
        ("/x?q=\r\nX-Evil: 1", RawControl), ("/x?q=\u0000", RawControl), ("/a%00", Control), ("/a%0d%0aX-Evil:1", Control),
        ("/a%0A", Control), ("/a%09", Control), ("/a%1F", Control), ("/a%7F", Control), ("/a%C2%85", Control), ("/a%2500", Control),
        ("/a%250d%250aX", Control), ("/a%25250a", Control),
        // Fragments and user information.
        ("/a#b", Fragment), ("#", Fragment), ("/a?b#c", Fragment), ("/#/../x", Fragment), ("user@elsewhere.test/x", User),
        ("user:password@elsewhere.test/x", User), ("@elsewhere.test", User), (":@elsewhere.test/", User),
        // Percent-encoding and UTF-8.
        ("/%", Percent), ("/%2", Percent), ("/%zz", Percent), ("/%2z", Percent), ("/100%/x", Percent), ("/x?q=100%", Percent), ("/x?q=%f", Percent),
        ("/%u002e%u002e/x", Percent), ("/%%2e%2e/x", Percent), ("/%C0%AE%C0%AE/x", Utf8), ("/%c0%af", Utf8), ("/%C1%9C", Utf8),
        ("/%E0%80%AE/x", Utf8), ("/%F0%80%80%AE/x", Utf8), ("/%F8%80%80%80%AE/x", Utf8), ("/%FF", Utf8), ("/%FE%FF", Utf8), ("/%80", Utf8),
        ("/%C3", Utf8), ("/%C3%28", Utf8), ("/%E2%82", Utf8), ("/%ED%A0%80", Utf8), ("/%F4%90%80%80", Utf8), ("/%25FF", Utf8),
        ("/%25C0%25AE/x", Utf8),
        // The gateway's own paths.
        ("/api/v0/batch", Batches), ("/api/v0/batch/", Batches), ("/api/v0/batch?x=1", Batches), ("/API/V0/BATCH", Batches),
        ("/Api/v0/Batch/1000000000000000", Batches), ("/api/v0/batch/1000000000000000/results", Batches), ("/api/v2/batch", Batches),
        ("/api/v2/batch/", Batches), ("/api/v2/BATCH?get=/x", Batches), ("/api/v2/%62atch", Batches), ("/api/v2/b%2561tch", Batches),
        ("/%61pi/v2/batch", Batches), ("/api%2Fv2%2Fbatch", Batches), ("/api%252Fv2%252Fbatch", Batches), ("/api;x/v2;y/batch;z", Batches),
        ("/api/v2/batch;x=1", Batches), ("/api/v2/batch%3Bx", Batches), ("/api/v2/batch%3Fx=1", Batches), ("/api/v2/batch%2F", Batches),
        ("/api/v1/batches", Batches), ("/api/v1/batches:run", Batches), ("/api/v1/b%61tches/1000000000000000:cancel", Batches),
        ("/batch.rest.v1.V0BatchService/Submit", Batches), ("/batch.v1.BatchService/CreateBatch", Batches), ("/batch.v1.KeyedBatchService/RunBatch", Batches),
        ("/Batch.V1.KeyedBatchService/RunBatch", Batches), ("/batch%2Ev1.KeyedBatchService/RunBatch", Batches),
        // Length.
        ("/" + new string('x', 8192), "is longer than 8192 characters"),
    ];

    private static readonly (string Name, string FieldValue, string Message)[] Headers =
    [
        ("Connection", "close", Connection), ("connection", "X-Trace", Connection), ("Keep-Alive", "timeout=5", Connection),
        ("TE", "trailers", Connection), ("Trailer", "X-A", Connection), ("Transfer-Encoding", "chunked", Connection),
        ("transfer-encoding", "identity", Connection), ("Transfer_Encoding", "chunked", Connection), ("Upgrade", "h2c", Connection),
        ("HTTP2-Settings", "AAMAAABk", Connection), ("Content-Length", "0", Connection), ("content-length", "5", Connection),
        ("Content_Length", "5", Connection), ("Host", "elsewhere.test", Connection), ("HOST", "elsewhere.test", Connection),
        ("Expect", "100-continue", Connection), ("Via", "1.1 x", Connection), ("Forwarded", "for=6.6.6.6", Connection),
        ("X-Forwarded", "for=6.6.6.6", Connection), ("X-Forwarded-For", "6.6.6.6", Connection), ("x-forwarded-for", "6.6.6.6", Connection),
        ("X_Forwarded_For", "6.6.6.6", Connection), ("X-Forwarded-Host", "elsewhere.test", Connection),
        ("X-Forwarded-Proto", "https", Connection), ("X-Forwarded-Port", "1", Connection), ("X-Forwarded-Prefix", "/x", Connection),
        ("X-Real-IP", "6.6.6.6", Connection), ("x-real-ip", "6.6.6.6", Connection), ("X-Client-IP", "6.6.6.6", Connection),
        ("True-Client-IP", "6.6.6.6", Connection), ("X-Original-URL", "/admin", Connection), ("X-Rewrite-URL", "/admin", Connection),
        ("Client-IP", "6.6.6.6", Connection), ("CF-Connecting-IPv6", "::1", Connection), ("Fastly-Client-IP", "6.6.6.6", Connection),
        ("X-Envoy-External-Address", "6.6.6.6", Connection), ("x_envoy_internal", "true", Connection), ("Remote-User", "root", Connection),
        ("X-Original-Host", "elsewhere.test", Connection), ("X-HTTP-Method-Override", "DELETE", Connection), ("Proxy", "x", Connection),
        ("Proxy-Authorization", "Basic eA==", Connection), ("Proxy-Connection", "keep-alive", Connection), ("Proxy-X", "1", Connection),
        ("Authorization", "Bearer other", Credential), ("AUTHORIZATION", "", Credential),
        ("X-Internal", "1", Denied), ("x-internal", "1", Denied), ("X_Internal", "1", Denied),
        (":authority", "elsewhere.test", NoName), (":path", "/x", NoName), (":method", "PUT", NoName), ("", "x", NoName), (" ", "x", NoName),
        ("X A", "1", NoName), ("X-A:", "1", NoName), ("X-A\r\nX-B", "1", NoName), ("X-A\n", "1", NoName), ("X-A\0", "1", NoName),
        ("X\tA", "1", NoName), ("Größe", "1", NoName), ("X-A,", "1", NoName), ("(X)", "1", NoName), ("X-A\u007F", "1", NoName),
        ("X-A", "1\r\nX-Evil: 1", BadValue), ("X-A", "1\nX-Evil: 1", BadValue), ("X-A", "1\rX-Evil: 1", BadValue), ("X-A", "1\r\n\r\nGET /x", BadValue),
        ("X-A", "1\r\n folded", BadValue), ("X-A", "\0", BadValue), ("X-A", "a\u0001", BadValue), ("X-A", "a\u000Bb", BadValue), ("X-A", "a\u001Fb", BadValue),
        ("X-A", "a\u007Fb", BadValue), ("X-A", "a\u0085b", BadValue), ("User-Agent", "x\r\nHost: elsewhere.test", BadValue),
        ("Content-Type", "text/plain\r\nX-Evil: 1", BadValue), ("Accept", "*/*\0", BadValue), ("Cookie", "a=1\nb", BadValue),
    ];

    private static readonly string[] BadMethods =
    [
        "CONNECT", "TRACE", "TRACK", "FETCH", "PROPFIND", "PURGE", "PRI", "GET ", " GET", "GET\r\n", "GET /x HTTP/1.1\r\nX:", "G\0T", "ＧＥＴ", "*",
    ];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<HostileCase> All { get; } =
    [
        .. Paths.Select(path => OfPath(path.Path, path.Message)),
        .. DotForms.SelectMany(dot => new[] { OfPath($"/{dot}/x", Dots), OfPath($"/x/{dot}", Dots), OfPath($"{dot}/x", Dots) }),
        .. DotForms.SelectMany(first => DotForms.Select(second => OfPath($"/x/{first}{second}/y", Dots))),
        .. Headers.Select(header => new HostileCase(
            new Request { Path = "/x", Headers = { [header.Name] = header.FieldValue } }, $"headers[{header.Name}]", header.Message)),
        new(ManyHeaders(65, "x"), "headers", "holds 65 fields; the limit is 64"),
        new(ManyHeaders(1, new string('x', 16_384)), "headers", "characters; the limit is 16384"),
        .. BadMethods.Select(method => new HostileCase(new Request { Path = "/x", Method = method }, "method", Methods)),
        .. Params(),
    ];

    private static HostileCase OfPath(string path, string message) =>
        // The longest ones are cut off in JSON's replies only where the message is the same.
        new(new Request { Path = path }, "path", message) { IsHostileInV2 = message != User };

    private static Request ManyHeaders(int count, string value)
    {
        var request = new Request { Path = "/x" };
        for (var i = 0; i < count; i++)
        {
            request.Headers[string.Create(CultureInfo.InvariantCulture, $"X-{i}")] = value;
        }

        return request;
    }

    private static IEnumerable<HostileCase> Params()
    {
        var deep = Value.ForString("x");
        for (var i = 0; i < 16; i++)
        {
            deep = Value.ForStruct(new Struct { Fields = { ["x"] = deep } });
        }

        yield return OfParam(deep, "has the param 'p', which is nested too deeply");
        yield return OfParam(Value.ForList(deep), "has the param 'p', which is nested too deeply");
        yield return OfParam(
            Value.ForString(new string('x', 8192)), "is longer than 8192 characters with its params");
        yield return OfParam(
            Value.ForList([.. Enumerable.Repeat(Value.ForNumber(1), 4096)]),
            "is longer than 8192 characters with its params");
        foreach (var number in new[] { double.NaN, double.PositiveInfinity, double.NegativeInfinity })
        {
            yield return OfParam(Value.ForNumber(number), "is not a finite number") with { IsJson = false };
        }

        yield return OfParam(
            Value.ForList(Value.ForStruct(new Struct { Fields = { [""] = Value.ForString("x") } })), "has a member without a name") with
        { IsJson = false };
        yield return OfParam(new Value(), "has no value") with { IsJson = false };
        yield return OfParam(Value.ForList(new Value()), "has no value") with { IsJson = false };
    }

    private static HostileCase OfParam(Value value, string message) =>
        new(new Request { Path = "/x", Params = new Struct { Fields = { ["p"] = value } } }, "path", message);
}
