using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Compression;
using Grpc.Net.Internal;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>One call. What a plain call does not ask for (metadata, deadline, user state) is never made.</summary>
internal sealed partial class HttpContextServerCallContext(HttpContext httpContext, ServerMethod shared)
    : ServerCallContext, IDisposable
{
    private Metadata? _requestHeaders;
    private Metadata? _responseTrailers;
    private Dictionary<object, object>? _userState;
    private AuthContext? _authContext;
    private PipeReader? _input;
    private PipeWriter? _output;
    private ServerCallDeadline? _deadline;
    private ICompressionProvider? _requestCompression;
    private ICompressionProvider? _responseCompression;
    private Status _status = Status.DefaultSuccess;
    private bool _inputEnded;
    private bool _responding;
    private bool _torn;
    private bool _ended;
    private bool _clientGone;

    public HttpContext HttpContext { get; } = httpContext;

    internal PipeWriter Output => _output ??= HttpContext.Response.BodyWriter;

    protected override string MethodCore => shared.Method.FullName;

    protected override string HostCore => HttpContext.Request.Host.Value ?? "";

    protected override string PeerCore
    {
        get
        {
            var connection = HttpContext.Connection;
            return connection.RemoteIpAddress is not { } address ? "unknown"
                : address.AddressFamily == AddressFamily.InterNetwork ? $"ipv4:{address}:{connection.RemotePort}"
                : $"ipv6:{new IPEndPoint(address, connection.RemotePort)}";
        }
    }

    protected override DateTime DeadlineCore => _deadline?.At ?? DateTime.MaxValue;

    protected override Metadata RequestHeadersCore
    {
        get
        {
            if (_requestHeaders is null)
            {
                _requestHeaders = [];
                foreach (var (name, values) in HttpContext.Request.Headers)
                {
                    foreach (var value in values)
                    {
                        MetadataKeys.AddHeader(_requestHeaders, name, value ?? "");
                    }
                }
            }

            return _requestHeaders;
        }
    }

    protected override CancellationToken CancellationTokenCore => _deadline?.Token ?? HttpContext.RequestAborted;

    protected override Metadata ResponseTrailersCore => _responseTrailers ??= [];

    protected override Status StatusCore
    {
        get => _status;
        set => _status = value;
    }

    protected override WriteOptions? WriteOptionsCore { get; set; }

    protected override AuthContext AuthContextCore => _authContext ??= PeerAuthentication.FromConnection(HttpContext.Connection);

    protected override IDictionary<object, object> UserStateCore => _userState ??= new Dictionary<object, object>
    {
        [ServerCallContextExtensions.HttpContextKey] = HttpContext,
    };

    public void Dispose() => _deadline?.Dispose();

    protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders)
    {
        ArgumentNullException.ThrowIfNull(responseHeaders);
        if (_responding)
        {
            throw new InvalidOperationException("Response headers can only be sent once per call.");
        }

        if (responseHeaders.GetValue(GrpcProtocol.RequestEncodingHeader) is { } encoding)
        {
            ChooseResponseEncoding(encoding);
        }

        BeginWrite(HttpContext.RequestAborted);
        try
        {
            BeginResponse();
            ResponseMetadata.Append(HttpContext.Response.Headers, responseHeaders);
            return FlushHeadersAsync();
        }
        catch
        {
            EndWrite();
            throw;
        }
    }

    protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) =>
        throw new NotSupportedException("Pass the context's deadline and cancellation token to the other call instead.");

    /// <exception cref="RpcException">A protocol header is wrong.</exception>
    internal void Start()
    {
        var headers = HttpContext.Request.Headers;
        if (headers.TryGetValue(GrpcProtocol.TimeoutHeader, out var timeout))
        {
            if (!GrpcTimeout.TryParse(timeout.ToString(), out var duration))
            {
                throw new RpcException(new Status(StatusCode.Internal, "The grpc-timeout header is malformed."));
            }

            _deadline = new ServerCallDeadline(this, duration, shared.TimeProvider);
        }

        var encoding = headers.GrpcEncoding.ToString();
        if (encoding.Length > 0
            && encoding != GrpcProtocol.Identity
            && !shared.Options.CompressionProviders.TryGetValue(encoding, out _requestCompression))
        {
            // The specification's "Compression": the client learns what it may use instead.
            HttpContext.Response.Headers.GrpcAcceptEncoding = shared.Options.AcceptEncoding;
            throw new RpcException(new Status(
                StatusCode.Unimplemented,
                $"Unsupported grpc-encoding value '{encoding}'. Supported encodings: {shared.Options.AcceptEncoding}"));
        }

        if (shared.Options.ResponseCompressionAlgorithm is { } algorithm)
        {
            ChooseResponseEncoding(algorithm);
        }

        _deadline?.Start();
    }

    /// <summary>Turns what a handler threw into the call's status.</summary>
    internal void Fail(Exception exception)
    {
        var name = shared.Method.FullName;
        if (_deadline?.IsExceeded == true)
        {
            FailedAfterEnd(exception);
            return;
        }

        if (exception is RpcException rpcException)
        {
            GrpcServerLog.RpcFailed(shared.Logger, name, rpcException.StatusCode, rpcException.Status.Detail);
            _status = rpcException.Status;
            foreach (var entry in rpcException.Trailers)
            {
                ResponseTrailers.Add(entry);
            }

            return;
        }

        if ((_clientGone || HttpContext.RequestAborted.IsCancellationRequested)
            && exception is OperationCanceledException or IOException or InvalidOperationException)
        {
            GrpcServerLog.CallCancelled(shared.Logger, name);
            _status = Status.DefaultCancelled;
            return;
        }

        if (exception is BadHttpRequestException badRequest)
        {
            GrpcServerLog.RpcFailed(shared.Logger, name, StatusCode.Internal, badRequest.Message);
            _status = new Status(
                badRequest.StatusCode == StatusCodes.Status413PayloadTooLarge ? StatusCode.ResourceExhausted : StatusCode.Internal,
                "The request body is invalid.");
            return;
        }

        GrpcServerLog.ErrorExecutingServiceMethod(shared.Logger, name, exception);
        _status = new Status(
            StatusCode.Unknown,
            shared.Options.EnableDetailedErrors
                ? $"Exception was thrown by handler. {exception.GetType().Name}: {exception.Message}"
                : "Exception was thrown by handler.");
    }

    /// <summary>Writes the call's status; Kestrel sends it when the request delegate returns.</summary>
    internal Task EndAsync()
    {
        _ended = true;
        if (_deadline?.TryEnd() is { } endAtDeadline)
        {
            return endAtDeadline;
        }

        if (_torn)
        {
            Reset(GrpcProtocol.InternalErrorCode);
        }
        else
        {
            WriteTrailers(_status, _responseTrailers);
        }

        return Task.CompletedTask;
    }

    /// <summary>Called by the deadline, which then owns the call's end.</summary>
    internal Task EndAtDeadlineAsync(bool writing)
    {
        GrpcServerLog.DeadlineExceeded(shared.Logger, shared.Method.FullName, _deadline!.Timeout);
        if (writing)
        {
            // A message is half in the buffer or stuck behind flow control: no status can follow it.
            Reset(GrpcProtocol.CancelErrorCode);
            return Task.CompletedTask;
        }

        WriteTrailers(new Status(StatusCode.DeadlineExceeded, "Deadline Exceeded"), trailers: null);
        var completion = HttpContext.Response.CompleteAsync();
        _input?.CancelPendingRead();
        return completion;
    }

    internal void FailedAfterEnd(Exception exception) =>
        GrpcServerLog.FailedAfterEnd(shared.Logger, shared.Method.FullName, exception);

    private async Task FlushHeadersAsync()
    {
        try
        {
            ThrowIfAborted(await Output.FlushAsync());
        }
        finally
        {
            EndWrite();
        }
    }

    private void WriteTrailers(Status status, Metadata? trailers)
    {
        var response = HttpContext.Response;

        // Nothing was sent: status and trailers are the response's only headers ("Trailers-Only").
        var destination = _responding || response.HasStarted
            ? HttpContext.Features.Get<IHttpResponseTrailersFeature>()?.Trailers
            : response.Headers;
        if (destination is null or { IsReadOnly: true })
        {
            return;
        }

        try
        {
            if (trailers is not null)
            {
                ResponseMetadata.Append(destination, trailers);
            }

            ResponseMetadata.WriteStatus(destination, status);
        }
        catch (InvalidOperationException exception)
        {
            GrpcServerLog.InvalidTrailers(shared.Logger, shared.Method.FullName, exception);
            ResponseMetadata.WriteStatus(destination, new Status(StatusCode.Internal, "The response trailers are invalid."));
        }
    }

    private void ChooseResponseEncoding(string encoding)
    {
        if (encoding != GrpcProtocol.Identity
            && shared.Options.CompressionProviders.TryGetValue(encoding, out var provider)
            && AcceptsEncoding(HttpContext.Request.Headers.GrpcAcceptEncoding.ToString(), encoding))
        {
            _responseCompression = provider;
        }
        else
        {
            _responseCompression = null;
        }
    }

    private static bool AcceptsEncoding(ReadOnlySpan<char> accepted, string encoding)
    {
        foreach (var range in accepted.Split(','))
        {
            if (accepted[range].Trim().Equals(encoding, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    private void Reset(int errorCode)
    {
        if (HttpContext.Features.Get<IHttpResetFeature>() is { } reset)
        {
            reset.Reset(errorCode);
        }
        else
        {
            HttpContext.Abort();
        }
    }
}
