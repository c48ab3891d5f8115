namespace Batching.Engine.Upstreams;

/// <summary>
/// A message that may be sent only so often. SocketsHttpHandler sends a request without content up to three times again by
/// itself when its connection ends before the answer begins, which no option of it turns off. It asks how to encode the
/// header fields each time it writes them, and that is where its sends are counted.
/// </summary>
/// <param name="method">The method.</param>
/// <param name="target">The target.</param>
/// <param name="progress">Of the call, whose sends are counted over all its messages.</param>
internal sealed class UpstreamMessage(HttpMethod method, Uri target, CallProgress progress)
    : HttpRequestMessage(method, target)
{
    // At once: of a pooled connection that was closed under the request, the next one is likely to be good. Further ones
    // wait, as the attempts of the gateway do.
    private const int MaxSends = 2;

    /// <summary>A field that each message has.</summary>
    public const string CountedField = "User-Agent";

    private int _sends;

    /// <summary>Counts a send that is about to happen.</summary>
    /// <exception cref="HttpRequestException">The message must not be sent once more. Nothing of it was sent now.</exception>
    public void CountSend()
    {
        if (++_sends > MaxSends || !progress.TrySend())
        {
            // Not one that the handler takes for a reason to try again.
            throw new HttpRequestException(
                HttpRequestError.ResponseEnded, "The connection ended before the answer, and the request is not sent again.");
        }
    }
}
