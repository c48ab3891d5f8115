namespace Batching.Rest.Calls;

/// <summary>
/// Sends the head of a stream: with its first record if that comes soon, which saves a packet of its own, and without it
/// otherwise, so that neither a client nor a proxy takes a quiet batch for a server that doesn't answer.
/// </summary>
internal static class StreamHead
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(100);

    /// <summary>Reads the first record.</summary>
    /// <typeparam name="T">A record.</typeparam>
    /// <param name="records">The records.</param>
    /// <param name="send">Sends the head without it. What the stream fails with earlier can still be told by the head.</param>
    /// <param name="time">The clock.</param>
    /// <returns>False if there is none.</returns>
    public static async ValueTask<bool> ReadFirstAsync<T>(IAsyncEnumerator<T> records, Func<Task> send, TimeProvider time)
    {
        var first = records.MoveNextAsync().AsTask();
        if (!first.IsCompleted)
        {
            await ((Task)first).WaitAsync(Patience, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (!first.IsCompleted)
        {
            try
            {
                await send();
            }
            catch
            {
                // The client has gone, which ends this too. Records that are being read can't be disposed.
                await ((Task)first).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                throw;
            }
        }

        return await first;
    }
}
