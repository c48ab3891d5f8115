using System.Collections.Concurrent;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Calls;

/// <summary>Keeps reply writers between calls; a few, since each holds the head of a reply.</summary>
internal sealed class WriterPool
{
    private const int Capacity = 64;

    private readonly ConcurrentQueue<JsonResponseWriter> _writers = [];

    public JsonResponseWriter Rent() => _writers.TryDequeue(out var writer) ? writer : new JsonResponseWriter();

    public void Return(JsonResponseWriter writer)
    {
        writer.End();
        if (_writers.Count < Capacity)
        {
            _writers.Enqueue(writer);
        }
    }
}
