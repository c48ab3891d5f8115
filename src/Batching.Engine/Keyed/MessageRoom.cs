using System.Text;
using Batching.Engine.Model;
using Batching.V1;

namespace Batching.Engine.Keyed;

/// <summary>
/// Room for the responses of a keyed batch in one message. Each has its key and a short error in it from the beginning, so
/// that there always is room to say why a response is missing. Not thread-safe.
/// </summary>
/// <param name="bytes">Bytes that the message may take; <see cref="long.MaxValue"/> if it is not sent as one.</param>
/// <param name="request">The calls.</param>
internal sealed class MessageRoom(long bytes, RunBatchRequest request)
{
    // Any error of the gateway, one with the problems of a call aside, with tags and lengths around it and its key.
    private const int ErrorBytes = 512;

    private long _left = bytes == long.MaxValue
        ? bytes
        : bytes - request.Calls.Sum(call => ErrorBytes + (long)Encoding.UTF8.GetByteCount(call.Key));

    /// <summary>Bytes that the message may take.</summary>
    public long Bytes => bytes;

    /// <summary>The problem with calls that would fill the message with their keys, if they do.</summary>
    public Refusal? FindProblem() =>
        _left < 0 ? new Refusal.Invalid("calls", $"have keys that would fill a reply of {bytes} bytes") : null;

    /// <summary>Takes room for a response, unless there is not as much.</summary>
    public bool TryReserve(Response response)
    {
        if (bytes == long.MaxValue)
        {
            return true;
        }

        var more = Math.Max(0, response.CalculateSize() - (ErrorBytes / 2));
        if (more > _left)
        {
            return false;
        }

        _left -= more;
        return true;
    }

    /// <summary>The response if there is room for it, else an error that says that there is none.</summary>
    public Response Fit(Response response) => TryReserve(response) ? response : KeyedResponses.FromFullReply(bytes);
}
