using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Batching.Rest.Replies;

/// <summary>How the records of a stream are set apart.</summary>
internal sealed class StreamFormat
{
    public static readonly StreamFormat NdJson = new("application/x-ndjson", [], [], "\n"u8.ToArray());

    public static readonly StreamFormat EventStream = new(
        "text/event-stream", "data: "u8.ToArray(), "event: end\ndata: "u8.ToArray(), "\n\n"u8.ToArray());

    private StreamFormat(string contentType, byte[] prefix, byte[] errorPrefix, byte[] suffix)
    {
        ContentType = contentType;
        Prefix = prefix;
        ErrorPrefix = errorPrefix;
        Suffix = suffix;
    }

    public string ContentType { get; }

    public byte[] Prefix { get; }

    /// <summary>The prefix of the record that a stream ends with that failed: browsers get it as an event of its own name.</summary>
    public byte[] ErrorPrefix { get; }

    public byte[] Suffix { get; }

    /// <summary>Server-sent events for those who ask for them, NDJSON for everybody else.</summary>
    public static StreamFormat Choose(HttpRequest request)
    {
        var accept = request.Headers.Accept;
        if (!accept.ToString().Contains("text/event-stream", StringComparison.OrdinalIgnoreCase)
            || !MediaTypeHeaderValue.TryParseList(accept, out var types))
        {
            return NdJson;
        }

        double events = 0;
        double lines = 0;
        foreach (var type in types)
        {
            if (type.MediaType.Equals("text/event-stream", StringComparison.OrdinalIgnoreCase))
            {
                events = type.Quality ?? 1;
            }
            else if (type.MediaType.Equals("application/x-ndjson", StringComparison.OrdinalIgnoreCase))
            {
                lines = type.Quality ?? 1;
            }
        }

        return events > 0 && events >= lines ? EventStream : NdJson;
    }
}
