using Microsoft.Extensions.Logging;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Calls;

/// <summary>What the calls of one service share.</summary>
internal sealed record CallEnvironment(
    ILogger Logger,
    TimeProvider Time,
    WriterPool Writers,
    ErrorReply Errors,
    bool EnableDetailedErrors);
