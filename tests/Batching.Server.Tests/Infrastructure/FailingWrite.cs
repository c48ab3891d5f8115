using System.IO.Pipelines;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Batching.Server.Tests.Infrastructure;

/// <summary>
/// Fails a reply once, as a full disk or a bug would: when its first bytes are written. What is sent instead goes through.
/// For the call that asks for it.
/// </summary>
internal sealed class FailingWrite : IStartupFilter
{
    /// <summary>The header that asks for it.</summary>
    public const string Header = "X-Failing-Write";

    /// <summary>What the exception says.</summary>
    public const string Message = "The reply can't be written.";

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(async (context, following) =>
        {
            var inner = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
            if (context.Request.Headers.ContainsKey(Header))
            {
                context.Features.Set<IHttpResponseBodyFeature>(new Body(inner));
            }

            try
            {
                await following(context);
            }
            finally
            {
                context.Features.Set(inner);
            }
        });
        next(app);
    };

    private sealed class Body(IHttpResponseBodyFeature inner) : PipeWriter, IHttpResponseBodyFeature
    {
        private bool _hasFailed;

        public Stream Stream => AsStream(leaveOpen: true);

        public PipeWriter Writer => this;

        public override bool CanGetUnflushedBytes => inner.Writer.CanGetUnflushedBytes;

        public override long UnflushedBytes => inner.Writer.UnflushedBytes;

        public override Memory<byte> GetMemory(int sizeHint = 0)
        {
            FailOnce();
            return inner.Writer.GetMemory(sizeHint);
        }

        public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public override void Advance(int bytes) => inner.Writer.Advance(bytes);

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) =>
            inner.Writer.FlushAsync(cancellationToken);

        public override void CancelPendingFlush() => inner.Writer.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => inner.Writer.Complete(exception);

        public Task StartAsync(CancellationToken cancellationToken = default) => inner.StartAsync(cancellationToken);

        public void DisableBuffering() => inner.DisableBuffering();

        public Task CompleteAsync() => inner.CompleteAsync();

        public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        private void FailOnce()
        {
            if (!_hasFailed)
            {
                _hasFailed = true;
                throw new InvalidOperationException(Message);
            }
        }
    }
}
