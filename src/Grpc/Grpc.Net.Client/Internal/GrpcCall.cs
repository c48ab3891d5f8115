using System.IO.Pipelines;
using Grpc.Core;
using Grpc.Net.Compression;
using Grpc.Net.Internal;

namespace Grpc.Net.Client.Internal;

/// <summary>One call: its request, its response and how it ends. It ends once, with a status.</summary>
internal sealed partial class GrpcCall<TRequest, TResponse> : IGrpcCall
    where TRequest : class
    where TResponse : class
{
    private readonly GrpcChannel _channel;
    private readonly Method<TRequest, TResponse> _method;
    private readonly string? _host;
    private readonly CallOptions _options;
    private readonly CancellationTokenSource _cancellation;
    private readonly CancellationToken _cancelled;
    private readonly CancellationTokenSource? _deadline;
    private readonly ICompressionProvider? _requestCompression;
    private readonly Lock _lock = new();
    private Task<HttpResponseMessage>? _response;
    private PipeReader? _reader;
    private ICompressionProvider? _responseCompression;
    private RequestStreamWriter<TRequest>? _requests;
    private Status? _status;
    private Metadata? _trailers;

    public GrpcCall(GrpcChannel channel, Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        channel.ThrowIfDisposed();
        _channel = channel;
        _method = method;
        _host = host;
        _options = options;
        if (options.Deadline is { } deadline && deadline != DateTime.MaxValue)
        {
            var remaining = deadline.ToUniversalTime() - channel.TimeProvider.GetUtcNow().UtcDateTime;
            Timeout = remaining > TimeSpan.Zero ? remaining : TimeSpan.Zero;
            var longest = TimeSpan.FromMilliseconds(uint.MaxValue - 1L);
            _deadline = new CancellationTokenSource(remaining < longest ? Timeout.Value : longest, channel.TimeProvider);
        }

        _cancellation = CancellationTokenSource.CreateLinkedTokenSource(
            options.CancellationToken, channel.Disposing, _deadline?.Token ?? CancellationToken.None);
        _cancelled = _cancellation.Token;
        if (options.Headers?.GetValue(GrpcProtocol.RequestEncodingHeader) is { } encoding && encoding != GrpcProtocol.Identity)
        {
            _requestCompression = channel.CompressionProviders.GetValueOrDefault(encoding)
                ?? throw new InvalidOperationException($"Could not find compression provider for '{encoding}'.");
        }
    }

    private TimeSpan? Timeout { get; }

    /// <summary>Sends the one request.</summary>
    public void Start(TRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        WatchCancellation();
        try
        {
            _response = SendAsync(new MessageContent(Serialize(request, _options.WriteOptions?.Flags ?? default).WrittenMemory));
        }
        catch (RpcException exception)
        {
            // Too large to be sent, or not serializable.
            End(exception.Status, Metadata.Empty);
            _response = Task.FromException<HttpResponseMessage>(exception);
        }
    }

    /// <summary>Opens the stream of requests.</summary>
    public RequestStreamWriter<TRequest> StartStream()
    {
        WatchCancellation();
        var content = new StreamContent();
        _requests = new RequestStreamWriter<TRequest>(content, Serialize, _options.WriteOptions, ThrowIfEnded, () => _response!);
        _response = SendAsync(content);
        return _requests;
    }

    public async Task<Metadata> GetHeadersAsync()
    {
        var response = await _response!;
        var headers = new Metadata();
        foreach (var (name, values) in response.Headers)
        {
            foreach (var value in values)
            {
                MetadataKeys.AddHeader(headers, name, value);
            }
        }

        return headers;
    }

    public Status GetStatus()
    {
        lock (_lock)
        {
            return _status ?? throw new InvalidOperationException("Unable to get the status because the call is not complete.");
        }
    }

    public Metadata GetTrailers()
    {
        lock (_lock)
        {
            return _trailers ?? throw new InvalidOperationException("Can't get the call trailers because the call has not completed successfully.");
        }
    }

    public void Dispose()
    {
        if (End(new Status(StatusCode.Cancelled, "gRPC call disposed."), Metadata.Empty))
        {
            Cancel();
        }

        _cancellation.Dispose();
        _deadline?.Dispose();
    }

    /// <summary>Ends the exchange; whoever reads or writes gets the status.</summary>
    public void Cancel()
    {
        try
        {
            _cancellation.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The call ended meanwhile.
        }
    }

    /// <summary>Ends the call at once even if nobody reads or writes: the server is to know (RST_STREAM).</summary>
    private void OnCancelled()
    {
        if (_response is { IsCompletedSuccessfully: true } response)
        {
            End(CancellationStatus(null), Metadata.Empty);
            response.Result.Dispose();
        }
    }

    private Status CancellationStatus(Exception? exception) => _deadline?.IsCancellationRequested == true
        ? new Status(StatusCode.DeadlineExceeded, "", exception)
        : new Status(StatusCode.Cancelled, "Call canceled by the client.", exception);

    private void WatchCancellation() => _cancelled.UnsafeRegister(
        static state => ((GrpcCall<TRequest, TResponse>)state!).OnCancelled(), this);

    private async Task<HttpResponseMessage> SendAsync(HttpContent content)
    {
        try
        {
            if (Timeout == TimeSpan.Zero)
            {
                throw new RpcException(new Status(StatusCode.DeadlineExceeded, ""));
            }

            var request = RequestMessages.Create(
                _channel.UriOf(_method), _host, _options.Headers, Timeout, _requestCompression, _channel.AcceptEncoding, content);
            var response = await _channel.SendAsync(request, _cancelled);
            CheckHeaders(response);
            if (_cancelled.IsCancellationRequested)
            {
                response.Dispose();
                throw new OperationCanceledException(_cancelled);
            }

            return response;
        }
        catch (Exception exception)
        {
            throw Fail(exception);
        }
    }

    private void CheckHeaders(HttpResponseMessage response)
    {
        if (ResponseStatus.FromHeaders(response) is { } status)
        {
            End(status, ResponseStatus.Metadata(response.Headers));
            if (status.StatusCode == StatusCode.OK)
            {
                return;
            }

            response.Dispose();
            throw EndedException();
        }

        if (ResponseStatus.Refusal(response) is { } refusal)
        {
            response.Dispose();
            throw new RpcException(refusal);
        }

        if (response.Headers.TryGetValues(GrpcProtocol.EncodingHeader, out var encodings)
            && encodings.First() is var encoding
            && encoding != GrpcProtocol.Identity
            && !_channel.CompressionProviders.TryGetValue(encoding, out _responseCompression))
        {
            response.Dispose();
            throw new RpcException(new Status(StatusCode.Internal, $"Unsupported grpc-encoding value '{encoding}'."));
        }
    }

    /// <summary>Ends the call with what the exception means, unless it has ended; gives the exception for the caller.</summary>
    private RpcException Fail(Exception exception)
    {
        if (exception is RpcException rpcException && _status is not null)
        {
            return rpcException;
        }

        var status = exception switch
        {
            RpcException rpc => rpc.Status,
            _ when _cancelled.IsCancellationRequested => CancellationStatus(exception),
            _ => ResponseStatus.FromException(exception),
        };
        if (End(status, (exception as RpcException)?.Trailers ?? Metadata.Empty))
        {
            // What the server still sends is of no use: RST_STREAM.
            Cancel();
            _cancellation.Dispose();
        }

        return EndedException();
    }

    /// <summary>Ends the call unless it has ended.</summary>
    private bool End(Status status, Metadata trailers)
    {
        lock (_lock)
        {
            if (_status is not null)
            {
                return false;
            }

            _status = status;
            _trailers = trailers;
        }

        _requests?.Abort(EndedException());
        _deadline?.Dispose();
        return true;
    }

    private void ThrowIfEnded()
    {
        lock (_lock)
        {
            if (_status is null)
            {
                return;
            }
        }

        throw EndedException();
    }

    private RpcException EndedException()
    {
        lock (_lock)
        {
            return new RpcException(_status!.Value, _trailers!);
        }
    }
}
