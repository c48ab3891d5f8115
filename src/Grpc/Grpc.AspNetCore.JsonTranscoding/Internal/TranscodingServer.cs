using Grpc.AspNetCore.JsonTranscoding.Internal.Calls;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Grpc.AspNetCore.JsonTranscoding.Internal;

/// <summary>
/// What all transcoded services of a server share: settings, JSON tables and the routes taken so far.
/// </summary>
internal sealed class TranscodingServer
{
    private readonly List<TranscodedRoute> _routes = [];

    public TranscodingServer(IOptions<JsonTranscodingOptions> options, ILoggerFactory loggers, TimeProvider time)
    {
        Options = options.Value;
        Json = new ProtoJson(Options.Json);
        Plain = new JsonDialect { Json = Json };
        Logger = loggers.CreateLogger("Grpc.AspNetCore.JsonTranscoding");
        Time = time;
        Errors = new ErrorReply(Writers, Json, Logger);
        foreach (var dialect in Options.Dialects.All)
        {
            dialect.Json = Json;
        }
    }

    public JsonTranscodingOptions Options { get; }

    public ProtoJson Json { get; }

    /// <summary>The dialect of paths that have none of their own.</summary>
    public JsonDialect Plain { get; }

    public ILogger Logger { get; }

    public TimeProvider Time { get; }

    public WriterPool Writers { get; } = new();

    public ErrorReply Errors { get; }

    /// <summary>Takes a route for a method.</summary>
    /// <exception cref="InvalidOperationException">Another method, or another rule of this one, takes the same
    /// requests.</exception>
    public void Claim(TranscodedRoute route)
    {
        if (_routes.Find(other => Clash(route, other)) is { } other)
        {
            throw new InvalidOperationException(
                $"The HTTP rule of {route.Method.FullName} can't work. " +
                $"{route.HttpMethod} {route.Template} clashes with " +
                $"{other.HttpMethod} {other.Template} of {other.Method.FullName}: both take the same requests.");
        }

        _routes.Add(route);
    }

    /// <summary>The routes whose templates match a path, whatever their methods.</summary>
    public IEnumerable<TranscodedRoute> FindRoutes(string path) => _routes.Where(r => r.ParsedTemplate.Matches(path));

    private static bool Clash(TranscodedRoute a, TranscodedRoute b) =>
        (a.HttpMethod == b.HttpMethod || a.HttpMethod == "*" || b.HttpMethod == "*") &&
        a.ParsedTemplate.Shape == b.ParsedTemplate.Shape;
}
