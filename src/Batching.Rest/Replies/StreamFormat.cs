using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Batching.Rest.Replies;

/// <summary>The way in which the records of a stream are set apart.</summary>
internal sealed class StreamFormat
{
    public static readonly StreamFormat NdJson = new("application/x-ndjson")
    {
        Suffix = "\n"u8.ToArray(),
    };

    // A browser whose stream has ended or broken comes back by itself, after some seconds that each chooses on its own:
    // a second is soon enough for those who watch, and spares a gateway that is just starting again.
    public static readonly StreamFormat EventStream = new("text/event-stream")
    {
        Start = "retry: 1000\n\n"u8.ToArray(),
        PositionPrefix = "id: "u8.ToArray(),
        PositionSuffix = "\n"u8.ToArray(),
        Prefix = "data: "u8.ToArray(),
        ErrorPrefix = "event: end\ndata: "u8.ToArray(),
        Suffix = "\n\n"u8.ToArray(),
        Heartbeat = ":\n\n"u8.ToArray(),
    };

    private StreamFormat(string contentType)
    {
        ContentType = contentType;
    }

    public string ContentType { get; }

    /// <summary>The position at which the stream begins.</summary>
    public byte[] Start { get; private init; } = [];

    /// <summary>Stands before the position of a record; null if that has no place of its own.</summary>
    public byte[]? PositionPrefix { get; private init; }

    public byte[] PositionSuffix { get; private init; } = [];

    public byte[] Prefix { get; private init; } = [];

    /// <summary>The prefix of the record that a stream ends with that failed: browsers get it as an event of its own name.</summary>
    public byte[] ErrorPrefix { get; private init; } = [];

    public byte[] Suffix { get; private init; } = [];

    /// <summary>A sign of life that no client sees; null if it has to be a record.</summary>
    public byte[]? Heartbeat { get; private init; }

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
