using System.Net;
using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Upstreams;
using Batching.V1;
using Microsoft.Extensions.Time.Testing;

namespace Batching.Engine.Tests.Upstreams;

public sealed class ReplyReaderTests
{
    private const int Limit = 32 * 1024;

    [Theory]
    [InlineData(Limit + 1, false)]
    [InlineData(Limit + 1, true)]
    [InlineData(Limit, true)]
    public async Task ReadAsync_FailsOrIsTooLarge_GivesItsBufferBackOnce(int length, bool failsInTheEnd)
    {
        // The pool takes back only what it has handed out, whoever has it.
        var held = Sizes().Select(BodyBuffers.Rent).ToList();
        var options = new BatchEngineOptions { Limits = { ResponseBytes = Limit } };
        using var response = new HttpResponseMessage(HttpStatusCode.OK)
        {
            Content = new StreamContent(new Body(length, failsInTheEnd)),
        };
        // Of unknown length, so that the buffer has to grow.
        response.Content.Headers.ContentLength = null;
        var budget = new OwnerByteBudget(1 << 20, 1 << 20, TimeProvider.System);
        var reading = new ReplyReader(options, budget, new FakeTimeProvider())
            .ReadAsync(new UpstreamCall(default, HttpMethod.Get, new Request(), null), response, CancellationToken.None);
        if (failsInTheEnd)
        {
            await Assert.ThrowsAsync<IOException>(async () => await reading);
        }
        else
        {
            Assert.Equal(Failure.ResponseTooLarge, (await reading).Failure);
        }

        Assert.Equal(0, budget.Used);
        // A buffer that was given back twice is handed out twice.
        foreach (var size in Sizes())
        {
            Assert.NotSame(BodyBuffers.Rent(size), BodyBuffers.Rent(size));
        }

        held.ForEach(BodyBuffers.Return);
    }

    private static IEnumerable<int> Sizes()
    {
        for (var size = 128; size <= 2 * Limit; size *= 2)
        {
            yield return size;
        }
    }

    /// <summary>A body that may fail when it is done with, as that of a connection that breaks then.</summary>
    private sealed class Body(int length, bool failsInTheEnd) : MemoryStream(new byte[length])
    {
        public override async ValueTask DisposeAsync()
        {
            await base.DisposeAsync();
            if (failsInTheEnd)
            {
                throw new IOException("The connection is gone.");
            }
        }
    }
}
