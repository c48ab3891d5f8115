using Batching.CrashTests.History;
using Batching.CrashTests.Plan;

namespace Batching.CrashTests.Callers;

/// <summary>An owner of batches who speaks to one server over one of its transports.</summary>
/// <exception cref="CallFailedException">Every call can fail with it, and with nothing else.</exception>
internal interface ICaller : IDisposable
{
    /// <param name="plan">The batch.</param>
    /// <param name="notifyUrl">The URL that is told of it, if it wants to be.</param>
    Task<Accepted> SubmitAsync(BatchPlan plan, string notifyUrl);

    /// <returns>The ids of the requests that were appended.</returns>
    Task<IReadOnlyList<string>> AppendAsync(string batchId, int offset, IReadOnlyList<RequestPlan> requests);

    Task SealAsync(string batchId);

    Task<Counters> GetStatusAsync(string batchId);

    Task<ResultPage> FetchAsync(string batchId, long? after);

    IAsyncEnumerable<StreamRecord> StreamAsync(string batchId, long? after);

    /// <summary>Reads a body that a reply has left out: what of it is behind the bytes that there are already.</summary>
    Task ReadBodyAsync(string batchId, string requestId, MemoryStream body);

    Task CancelAsync(string batchId);

    Task DeleteAsync(string batchId);

    /// <summary>The ids of all batches of this owner.</summary>
    Task<IReadOnlyList<string>> ListAsync();

    Task<IReadOnlyList<KeyedReply>> RunKeyedAsync(IReadOnlyList<RequestPlan> calls);
}
