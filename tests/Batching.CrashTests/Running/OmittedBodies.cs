using Batching.CrashTests.Callers;
using Batching.CrashTests.History;
using Batching.CrashTests.Plan;
using Batching.CrashTests.Upstream;

namespace Batching.CrashTests.Running;

/// <summary>Reads the bodies that gRPC replies have left out, through all crashes.</summary>
internal sealed class OmittedBodies(Stage stage, int owner, string batchId, CancellationToken giveUp)
{
    /// <summary>The results of a reply, each with the hash of its body.</summary>
    /// <exception cref="CallFailedException">The batch is gone.</exception>
    public async Task<IReadOnlyList<ResultSeen>> ReadAsync(IReadOnlyList<ResultSeen> results)
    {
        var whole = new List<ResultSeen>(results.Count);
        foreach (var result in results)
        {
            whole.Add(result.IsBodyOmitted ? result with { Hash = await ReadAsync(result.RequestId) } : result);
        }

        return whole;
    }

    private async Task<string> ReadAsync(string requestId)
    {
        // What has come before a crash stays; the next server is asked for the rest.
        using var body = new MemoryStream();
        while (true)
        {
            var server = await stage.Servers.UpAsync(giveUp);
            try
            {
                await server.Caller(owner, Transport.Grpc).ReadBodyAsync(batchId, requestId, body);
                return BodyHash.Of(body.GetBuffer().AsSpan(0, (int)body.Length));
            }
            catch (CallFailedException failure) when (!failure.IsNotFound)
            {
                stage.AddFailure(server, $"body of {requestId} of {batchId}", failure);
            }
        }
    }
}
