using Google.Protobuf.Reflection;
using Grpc.AspNetCore.JsonTranscoding.Internal.Calls;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Grpc.AspNetCore.JsonTranscoding.Internal;

/// <summary>What all transcoded services of a server share: settings, JSON tables and the routes taken so far.</summary>
internal sealed class TranscodingServer
{
    private readonly Dictionary<(string HttpMethod, string Shape), MethodDescriptor> _routes = [];

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
    /// <exception cref="InvalidOperationException">Another method, or another rule of this one, takes the same requests.</exception>
    public void Claim(TranscodedRoute route)
    {
        var shape = route.ParsedTemplate.Shape;
        foreach (var ((httpMethod, otherShape), other) in _routes)
        {
            if (shape == otherShape && (httpMethod == route.HttpMethod || httpMethod == "*" || route.HttpMethod == "*"))
            {
                throw new InvalidOperationException(
                    $"The HTTP rule of {route.Method.FullName} can't work. {route.HttpMethod} {route.Template} clashes with " +
                    $"{httpMethod} of {other.FullName}: both take the same requests.");
            }
        }

        _routes.Add((route.HttpMethod, shape), route.Method);
    }
}
