using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Batching.Engine.Upstreams;

/// <summary>
/// The hash of all that makes one call what it is: calls to one API that have the same key send the same bytes, but for the id of their
/// trace.
/// </summary>
/// <param name="Text">The hash in base64.</param>
internal readonly record struct CallKey(string Text)
{
    /// <summary>
    /// The key of a call. The owner is a part of it: from the time that a shared call takes one owner would learn what another one does.
    /// </summary>
    /// <param name="call">The call.</param>
    /// <param name="forwardsAddress">Whether the API is told the client's address.</param>
    /// <param name="changes">The number of changes before it: see <see cref="SharedCalls.Changes"/>.</param>
    public static CallKey Of(UpstreamCall call, bool forwardsAddress, long changes)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(hash, call.Owner);
        AddNumber(hash, changes);
        Add(hash, call.Method.Method);
        Add(hash, call.Route.PathAndQuery);
        Add(hash, call.Route.Upstream.GetsCredential ? call.Authorization : null);
        Add(hash, forwardsAddress ? call.Forwarded?.ForwardedFor : null);

        // A page is sent with fields of its own.
        AddNumber(hash, call.Request.SpawnedBy.Length > 0 ? 1 : 0);
        AddNumber(hash, call.Request.Headers.Count);
        foreach (var (name, value) in call.Request.Headers.OrderBy(field => field.Key, StringComparer.Ordinal))
        {
            Add(hash, name);
            Add(hash, value);
        }

        hash.AppendData(call.Request.Body.Span);
        return new CallKey(Convert.ToBase64String(hash.GetHashAndReset()));
    }

    // With its length in front, so that no two lists of texts are the same bytes.
    private static void Add(IncrementalHash hash, string? text)
    {
        AddNumber(hash, text?.Length ?? -1);
        hash.AppendData(MemoryMarshal.AsBytes(text.AsSpan()));
    }

    private static void AddNumber(IncrementalHash hash, long number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        hash.AppendData(bytes);
    }
}
