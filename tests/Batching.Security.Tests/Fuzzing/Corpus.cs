using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Batching.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Batching.Security.Tests.Fuzzing;

/// <summary>Makes inputs from good ones.</summary>
/// <param name="batchId">A batch that there is, at the beginning.</param>
/// <param name="requestId">A request of it.</param>
internal sealed class Corpus(string batchId, string requestId)
{
    private const string V0Path = "/api/v0/batch";
    private const string V1Path = "/api/v1/batches";
    private const string V2Path = "/api/v2/batch";

    // Of what a query can be in a URL; HttpClient escapes the rest by itself.
    private const string UrlCharacters = "abcXYZ019-._~%!$&'()*+,;=:@/?[]";

    private static readonly string[] V0Bodies =
    [
        """[{"path": "api/v0/items", "method": "GET", "params": {"sort": "changed", "limit": 250}, "spawner": true}]""",
        """[{"path": "x/7", "method": "PUT", "body": {"name": "new", "n": 1.50}, "headers": {"X-Trace": "1", "Content-Type": "text/plain"}}, {"path": "y"}]""",
        """[{"path": "p", "spawner": true, "params": {"limit": 3}, "pagination": {"style": "page", "first_page": 0, "page_size": 10, "total_pointer": "/total"}}]""",
        """[{"path": "größe?q=ü", "params": {"a": [1, true, null, {"b": "c"}], "d": 12345678901234567890}}]""",
        """{"path": "p", "params": {"limit": 3}, "pagination": {"style": "page", "first_page": 0, "page_size": 10, "total_pointer": "/total"}}""",
        """[{"path": "l", "method": "POST", "params": [1, 2, {"three": 3}]}, {"path": "m", "method": "DELETE", "body": "text", "unknown": [{}]}]""",
    ];

    private static readonly string[] V1Bodies =
    [
        """{"requests": [{"path": "x/7", "method": "PUT", "params": {"a": [1, true, null, {"b": "c"}]}, "headers": {"X-Trace": "1"}, "body": "e30="}]}""",
        """{"requests": [{"path": "p", "spawner": true, "pagination": {"style": "PAGINATION_STYLE_PAGE", "pageSize": 10, "total_pointer": "/total"}}, {}]}""",
        """{"request": {"path": "p", "pagination": {"preset": "etcd"}, "method": "POST", "body": "e30="}}""",
        """{"calls": [{"key": "a", "request": {"path": "x"}}, {"key": "b"}]}""",
    ];

    private static readonly string[] V2Bodies =
    [
        """{"t": {"method": "POST", "url": "/api/tickets", "payload": {"title": "new-ticket"}}, "john": "/api/people/1"}""",
        """{"more": {"url": "tickets?page=2", "params": {"count": 10, "f": [1, {"x": null}]}, "headers": {"X-Trace": "1"}}}""",
        """{"requests": [{"url": "/a"}, "/b", {"url": "c", "method": "PATCH", "data": [1]}]}""",
        """{"requests": {"a": "/a", "b": {"url": "/b", "method": "head"}}}""",
        """{"requests": {"url": "/a"}}""",
    ];

    private static readonly string[] V2Queries =
    [
        "get[a]=/x/1&get[b]=/y%3Fq%3D1", "get[a][url]=/x&get[a][params][count]=1&get[a][params][ids][]=2&get[a][params][ids][]=3", "get=/a,/b,/c",
        "get[a][method]=GET&get[a][url]=/x&bearer_token=t", "get[[x]]=/x?a=b&get[y][headers][X]=1",
    ];

    private static readonly string[] Services = ["BatchService", "KeyedBatchService"];

    private readonly string[] _v0Targets =
    [
        $"/{batchId}", $"/{batchId}/status?detailed=true", $"/{batchId}/status?request_ids={requestId}", $"/{batchId}?after=0&request_fields=path,response",
        $"/{batchId}?request_ids={requestId},{requestId}", "?limit=5&page_token=x", $"/{batchId}/results?after=1", $"/{batchId}/cancel",
        "?suppress_response_codes=true&bearer_token=abc", "/pagination?path=x&pagination=odata",
        $"/{batchId}/webhooks", $"/{batchId}/webhooks/msg_{batchId}_done/resend", "/webhook-secret",
        "?notify_url=https://me@hooks.example.com:8443/%20x&notify_events=done,expired",
        "/pagination?path=x&pagination=%7B%22style%22:%22page%22,%22total_pointer%22:%22/t%22%7D",
    ];

    private readonly string[] _v1Targets =
    [
        $"/{batchId}", $"/{batchId}?detailed=true&request_ids={requestId}", $"/{batchId}/results?after=0&request_fields=path,response.statusCode",
        $"/{batchId}/results?requestIds={requestId}&requestIds={requestId}", "?limit=5&page_token=x", $"/{batchId}/results:stream?after=1",
        $"/{batchId}:cancel", "?unknown=1&suppress_response_codes=true", ":run", ":detectPagination",
    ];

    private readonly (string Method, IMessage Message)[] _messages =
    [
        ("CreateBatch", new CreateBatchRequest { Requests = { Plain(), Spawner() } }),
        ("UploadBatch", new UploadBatchRequest { Requests = { Plain(), Spawner() } }),
        ("GetBatchStatus", new GetBatchStatusRequest { BatchId = batchId, Detailed = true, RequestIds = { requestId } }),
        ("FetchBatch", new FetchBatchRequest { BatchId = batchId, RequestIds = { requestId }, RequestFields = FieldMask.FromString("path,response") }),
        ("FetchBatch", new FetchBatchRequest { BatchId = batchId, After = 1 }),
        ("FetchResults", new FetchResultsRequest { BatchId = batchId, After = 0 }),
        ("ListBatches", new ListBatchesRequest { Limit = 5, PageToken = "x" }),
        ("CancelBatch", new CancelBatchRequest { BatchId = requestId }),
        ("DeleteBatch", new DeleteBatchRequest { BatchId = requestId }),
        ("DetectPagination", new DetectPaginationRequest { Request = Spawner() }),
        ("RunBatch", new RunBatchRequest { Calls = { new KeyedRequest { Key = "a", Request = Plain() }, new KeyedRequest { Key = "b" } } }),
    ];

    /// <summary>One input. The same for the same random numbers.</summary>
    public FuzzInput Create(Random random) => random.Next(13) switch
    {
        10 => Json("v1 body", V1Path + Pick(["", ":run", ":detectPagination"], random), V1Bodies, random),
        11 => V1Call(random),
        12 => Web(random),
        0 or 1 => Json("v0 body", V0Path + Pick(["", "/pagination"], random), V0Bodies, random),
        2 or 3 => Json("v2 body", V2Path, V2Bodies, random),
        4 => new FuzzInput("v2 query", "GET", $"{V2Path}?{Mangle(Pick(V2Queries, random), random)}", null),
        5 => V0Call(random),
        6 or 7 => Message(random),
        8 => Frames(random),
        _ => Route(random),
    };

    private static FuzzInput Json(string kind, string path, string[] bodies, Random random)
    {
        var body = Mutator.Mutate(Encoding.UTF8.GetBytes(Pick(bodies, random)), random);
        return random.Next(6) switch
        {
            0 => new FuzzInput(kind, "POST", path, Mutator.Mutate(Gzip(body), random), ("Content-Encoding", "gzip")),
            1 => new FuzzInput(kind, "POST", path, body, ("Content-Type", Mangle("application/json; charset=utf-8", random))),
            2 => new FuzzInput(kind, "POST", path, body, ("Content-Encoding", Pick(["br", "deflate", "gzip, gzip", "x", "identity"], random))),
            _ => new FuzzInput(kind, "POST", path, body),
        };
    }

    private FuzzInput V0Call(Random random)
    {
        var target = Pick(_v0Targets, random);
        var method = target.EndsWith("/cancel", StringComparison.Ordinal) ? "POST" : random.Next(8) == 0 ? "DELETE" : "GET";
        return new FuzzInput("v0 call", method, V0Path + Mangle(target, random), null, ("Accept", Pick(["*/*", "text/event-stream", "x/"], random)));
    }

    private FuzzInput V1Call(Random random)
    {
        var target = Pick(_v1Targets, random);
        var method = target.Contains(':', StringComparison.Ordinal) && !target.Contains("stream", StringComparison.Ordinal) ? "POST"
            : random.Next(8) == 0 ? "DELETE" : "GET";
        return new FuzzInput("v1 call", method, V1Path + Mangle(target, random), null, ("Accept-Encoding", Pick(["gzip", "br", "x"], random)));
    }

    private FuzzInput Web(Random random)
    {
        var (method, message) = _messages[random.Next(_messages.Length)];
        var body = Mutator.Mutate(Frame(0, message.ToByteArray()), random);
        var isText = random.Next(2) == 0;
        return Grpc(
            "gRPC-Web", method, isText ? Mutator.Mutate(Encoding.ASCII.GetBytes(Convert.ToBase64String(body)), random) : body, random) with
        {
            IsGrpc = false,
            Headers = [("Content-Type", isText ? "application/grpc-web-text" : "application/grpc-web"), ("X-Grpc-Web", "1")],
        };
    }

    private FuzzInput Message(Random random)
    {
        var (method, message) = _messages[random.Next(_messages.Length)];
        if (random.Next(4) == 0)
        {
            return Grpc("gRPC bytes", method, Frame(0, Mutator.Mutate(message.ToByteArray(), random)), random);
        }

        var copy = message.Descriptor.Parser.ParseFrom(message.ToByteString());
        MessageMutator.Mutate(copy, random);
        return Grpc("gRPC message", method, Frame(0, copy.ToByteArray()), random);
    }

    private FuzzInput Frames(Random random)
    {
        var (method, message) = _messages[random.Next(_messages.Length)];
        var bytes = message.ToByteArray();
        byte[] body = random.Next(4) switch
        {
            0 => Frame(1, Mutator.Mutate(Gzip(bytes), random)),
            1 => [.. Frame(0, bytes), .. Frame(0, bytes)],
            2 => Frame((byte)random.Next(256), bytes),
            _ => Frame(0, bytes),
        };
        return Grpc("gRPC frames", method, Mutator.Mutate(body, random), random) with
        {
            Headers = [("Content-Type", "application/grpc"), ("grpc-encoding", Pick(["gzip", "identity", "deflate", "x"], random)),
                ("grpc-timeout", Pick(["5S", "100m", "1n", "x", "99999999H", "-1S"], random))],
        };
    }

    private static FuzzInput Grpc(string kind, string method, byte[] body, Random random)
    {
        var service = method == "RunBatch" ? Services[1] : Services[0];
        var type = random.Next(20) == 0 ? Mangle("application/grpc", random) : "application/grpc";
        return new FuzzInput(kind, "POST", $"/batch.v1.{service}/{method}", body, ("Content-Type", type)) { IsGrpc = type == "application/grpc" };
    }

    private static FuzzInput Route(Random random)
    {
        var method = Pick(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "PURGE", "get"], random);
        return new FuzzInput("route", method, Mangle(Pick([V0Path, V1Path, V2Path, "/healthz", "/batch.v1.BatchService/FetchBatch", "/"], random), random), null);
    }

    // Mutated text that can stand in a URL or a header field.
    private static string Mangle(string text, Random random)
    {
        var bytes = Mutator.Mutate(Encoding.ASCII.GetBytes(text), random);
        var mangled = new StringBuilder(bytes.Length);
        for (var i = 0; i < Math.Min(bytes.Length, 4000); i++)
        {
            mangled.Append(bytes[i] is > (byte)' ' and < 0x7F and not (byte)'#' and not (byte)'\\' ? (char)bytes[i] : UrlCharacters[bytes[i] % UrlCharacters.Length]);
        }

        // Two slashes at the beginning would be another host for HttpClient.
        return text.StartsWith('/') ? "/" + mangled.ToString().TrimStart('/') : mangled.ToString();
    }

    private static T Pick<T>(T[] items, Random random) => items[random.Next(items.Length)];

    private static byte[] Frame(byte flag, byte[] message)
    {
        var frame = new byte[5 + message.Length];
        frame[0] = flag;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        return frame;
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var buffer = new MemoryStream();
        using (var gzip = new GZipStream(buffer, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(bytes);
        }

        return buffer.ToArray();
    }

    private static Request Plain() => new()
    {
        Path = "x/7?a=b",
        Method = "PUT",
        Params = new Struct { Fields = { ["a"] = Value.ForList(Value.ForNumber(1), Value.ForBool(true)), ["b"] = Value.ForString("c") } },
        Headers = { ["X-Trace"] = "1" },
        Body = ByteString.CopyFromUtf8("{}"),
    };

    private static Request Spawner() => new()
    {
        Path = "pages",
        Spawner = true,
        Pagination = new Pagination { Style = PaginationStyle.Page, PageSize = 10, ItemsPointer = "/items", TotalHeader = "X-Total" },
    };
}
