using Batching.V1;

namespace Batching.Benchmarks.Neighbours.Behaviours;

/// <summary>Uploads that stop in the middle, and are given up.</summary>
internal sealed class HalfUploads : Behaviour
{
    private const int SideBySide = 50;

    public override string Name => "half uploads";

    public override Task RunAsync(HostileOwner owner, CancellationToken stop)
    {
        var message = new UploadBatchRequest();
        message.Requests.Add(Enumerable.Range(0, 1_000).Select(_ => new Request { Path = "kb/0" }));
        return owner.RepeatAsync(
            SideBySide,
            async stop =>
            {
                using var call = owner.Batches.UploadBatch(owner.Headers, cancellationToken: stop);
                for (var i = 0; i < 5; i++)
                {
                    await call.RequestStream.WriteAsync(message, stop);
                }

                await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, stop);
                return "given up";
            },
            stop);
    }
}
