using Grpc.Core;

namespace Grpc.AspNetCore.Server.Internal;

internal sealed class HttpContextStreamReader<TRequest>(
    HttpContextServerCallContext call,
    Func<DeserializationContext, TRequest> deserializer) : IAsyncStreamReader<TRequest>
    where TRequest : class
{
    private static readonly Task<bool> True = Task.FromResult(true);
    private static readonly Task<bool> False = Task.FromResult(false);

    private bool _ended;

    public TRequest Current { get; private set; } = null!;

    public Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<bool>(cancellationToken);
        }

        if (_ended)
        {
            return False;
        }

        var read = call.ReadMessageAsync(deserializer, cancellationToken);
        return read.IsCompletedSuccessfully ? Take(read.Result) ? True : False : AwaitAsync(read);
    }

    private async Task<bool> AwaitAsync(ValueTask<TRequest?> read) => Take(await read);

    private bool Take(TRequest? message)
    {
        Current = message!;
        _ended = message is null;
        return !_ended;
    }
}
