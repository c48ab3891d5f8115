namespace Grpc.AspNetCore.JsonTranscoding.Internal.Calls;

/// <summary>A write into a connection that is gone; known before the request's own token says so.</summary>
internal sealed class ClientGoneException(CancellationToken cancellationToken)
    : OperationCanceledException("The client has gone.", cancellationToken);
