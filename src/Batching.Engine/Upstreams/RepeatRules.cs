using Batching.Engine.Model;
using Batching.V1;

namespace Batching.Engine.Upstreams;

/// <summary>Decides which requests may be sent a second time: after an attempt that failed, and after a crash.</summary>
internal static class RepeatRules
{
    private const string IdempotencyKey = "Idempotency-Key";

    /// <summary>
    /// Whether sending a request twice does what sending it once does: its method says so, or, of a page, whoever asked for the
    /// query.
    /// </summary>
    public static bool MayRepeat(HttpMethod method, Request request) =>
        Methods.IsIdempotent(method) || (request.SpawnedBy.Length > 0 && request.Item is null);

    /// <summary>
    /// Whether sending a request a second time may do something twice, so that it must be known after a crash that it was
    /// sent.
    /// </summary>
    public static bool MustNotRepeat(HttpMethod method, Request request) =>
        !MayRepeat(method, request) && !HasIdempotencyKey(request);

    // An empty key tells an API nothing to know the request by, and each value of two fields is one it may look at.
    private static bool HasIdempotencyKey(Request request)
    {
        var found = false;
        foreach (var (name, value) in request.Headers)
        {
            if (name.Equals(IdempotencyKey, StringComparison.OrdinalIgnoreCase))
            {
                if (string.IsNullOrWhiteSpace(value))
                {
                    return false;
                }

                found = true;
            }
        }

        return found;
    }
}
