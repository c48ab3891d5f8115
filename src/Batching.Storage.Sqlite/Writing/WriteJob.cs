namespace Batching.Storage.Sqlite.Writing;

/// <summary>One transaction that waits for the writer.</summary>
internal abstract class WriteJob(bool mayUseReserve)
{
    /// <summary>It frees room or takes next to none, so that it may use what is reserved for that.</summary>
    public bool MayUseReserve => mayUseReserve;

    /// <summary>The caller no longer wants it, and it has not begun: ends it.</summary>
    public abstract bool EndIfCancelled();

    public abstract void Run(WriteSession session);

    /// <summary>The transaction is durable.</summary>
    public abstract void Complete();

    public abstract void Fail(Exception error);
}

/// <inheritdoc />
internal sealed class WriteJob<T>(
    Func<WriteSession, T> work, bool mayUseReserve, CancellationToken cancellationToken) : WriteJob(mayUseReserve)
{
    // Continuations must not run on the writer's thread.
    private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? _result;

    public Task<T> Task => _completion.Task;

    public override bool EndIfCancelled() =>
        cancellationToken.IsCancellationRequested && _completion.TrySetCanceled(cancellationToken);

    public override void Run(WriteSession session) => _result = work(session);

    public override void Complete() => _completion.SetResult(_result!);

    public override void Fail(Exception error) => _completion.SetException(error);
}
