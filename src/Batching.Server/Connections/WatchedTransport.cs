using System.IO.Pipelines;

namespace Batching.Server.Connections;

/// <summary>The two directions of a connection.</summary>
internal sealed class WatchedTransport(PipeReader input, PipeWriter output) : IDuplexPipe
{
    public PipeReader Input => input;

    public PipeWriter Output => output;
}
