using Batching.V1;
using Grpc.Core;

namespace Batching.Client.Internal;

/// <summary>The clients of the contract's services over one channel, and how calls are made that may be made again.</summary>
internal sealed class Connection
{
    private Metadata? _headers;

    /// <summary>Made by the factory of gRPC clients, which gives nothing else.</summary>
    public Connection(CallInvoker invoker)
    {
        Batches = new BatchService.BatchServiceClient(invoker);
        Keyed = new KeyedBatchService.KeyedBatchServiceClient(invoker);
        Gateway = new GatewayService.GatewayServiceClient(invoker);
    }

    public BatchService.BatchServiceClient Batches { get; }

    public KeyedBatchService.KeyedBatchServiceClient Keyed { get; }

    public GatewayService.GatewayServiceClient Gateway { get; }

    public BatchClientOptions Options { get; private set; } = new();

    public TimeProvider Time { get; private set; } = TimeProvider.System;

    /// <summary>Has to be called before anything else.</summary>
    public Connection With(BatchClientOptions options, TimeProvider time)
    {
        options.Validate();
        Options = options;
        Time = time;
        if (options.Token is { Length: > 0 } token)
        {
            _headers = new Metadata { { "authorization", token.Contains(' ', StringComparison.Ordinal) ? token : $"Bearer {token}" } };
        }

        return this;
    }

    public Retry NewRetry() => new(Options, Time);

    /// <summary>Options of a call that has no limit of time.</summary>
    public CallOptions OptionsOf(CancellationToken cancellationToken) =>
        new(_headers, cancellationToken: cancellationToken);

    /// <summary>The same with metadata of this call's own.</summary>
    public CallOptions OptionsOf(Metadata.Entry entry, CancellationToken cancellationToken) =>
        new([.. _headers ?? [], entry], cancellationToken: cancellationToken);

    /// <summary>Makes a call that may be made again, until it has an answer.</summary>
    /// <param name="call">Makes it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="isDone">Whether a failure of a further try means that an earlier one has succeeded.</param>
    /// <returns>The answer; null if <paramref name="isDone"/> says so.</returns>
    /// <exception cref="BatchException">It was refused, or no try had an answer.</exception>
    public async Task<T?> CallAsync<T>(
        Func<CallOptions, AsyncUnaryCall<T>> call,
        CancellationToken cancellationToken,
        Func<RpcException, bool>? isDone = null)
        where T : class
    {
        var retry = NewRetry();
        for (var tries = 1; ; tries++)
        {
            using var timeout = new CancellationTokenSource(Options.CallTime, Time);
            using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
            try
            {
                return await call(OptionsOf(end.Token)).ConfigureAwait(false);
            }
            catch (RpcException exception)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (tries > 1 && isDone?.Invoke(exception) == true)
                {
                    return null;
                }

                var isLate = timeout.IsCancellationRequested;
                if ((!isLate && !exception.IsTransient(cancellationToken))
                    || !await retry.WaitAsync(exception, cancellationToken).ConfigureAwait(false))
                {
                    throw isLate ? NoAnswer(exception) : exception.ToBatchException();
                }
            }
        }
    }

    private BatchException NoAnswer(RpcException exception) => new(
        $"The gateway has not answered within {Options.CallTime} ({nameof(BatchClientOptions)}.{nameof(BatchClientOptions.CallTime)}).",
        StatusCode.DeadlineExceeded,
        [],
        null,
        exception);
}
