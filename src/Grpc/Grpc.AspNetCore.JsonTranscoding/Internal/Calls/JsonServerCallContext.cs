using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Calls;

/// <summary>A transcoded call as its handler sees it. Most of it is made only when asked for.</summary>
internal sealed class JsonServerCallContext(HttpContext httpContext, IMethod method) : ServerCallContext, IDisposable
{
    /// <summary>Where GetHttpContext() looks in contexts that are not the gRPC server's own.</summary>
    private const string HttpContextKey = "__HttpContext";

    /// <summary>The longest time that a timer takes; beyond it a deadline is as good as none.</summary>
    private static readonly TimeSpan MaxTimer = TimeSpan.FromMilliseconds(uint.MaxValue - 1);

    private Metadata? _requestHeaders;
    private Metadata? _responseTrailers;
    private Dictionary<object, object>? _userState;
    private AuthContext? _authContext;
    private CancellationTokenSource? _deadlineSource;
    private CancellationTokenSource? _linkedSource;
    private DateTime _deadline = DateTime.MaxValue;
    private bool _hasWrittenHeaders;

    public HttpContext HttpContext { get; } = httpContext;

    /// <summary>Cancelled when the deadline passes; can't be cancelled when there is none.</summary>
    public CancellationToken DeadlineToken => _deadlineSource?.Token ?? CancellationToken.None;

    public bool HasDeadline => _deadlineSource is not null;

    /// <summary>Trailers without making them.</summary>
    public Metadata? TrailersOrNull => _responseTrailers;

    /// <summary>
    /// Sends the head of a stream; null in unary calls, whose status is open until the reply is known.
    /// </summary>
    public Func<Task>? StartStream { get; set; }

    protected override string MethodCore => method.FullName;

    protected override string HostCore => HttpContext.Request.Host.Value ?? "";

    protected override string PeerCore
    {
        get
        {
            var connection = HttpContext.Connection;
            return connection.RemoteIpAddress switch
            {
                null => "unknown",
                { AddressFamily: AddressFamily.InterNetwork } v4 =>
                    string.Create(CultureInfo.InvariantCulture, $"ipv4:{v4}:{connection.RemotePort}"),
                var v6 => string.Create(CultureInfo.InvariantCulture, $"ipv6:[{v6}]:{connection.RemotePort}"),
            };
        }
    }

    protected override DateTime DeadlineCore => _deadline;

    protected override Metadata RequestHeadersCore =>
        _requestHeaders ??= MetadataHeaders.Read(HttpContext.Request.Headers);

    protected override CancellationToken CancellationTokenCore => _linkedSource?.Token ?? HttpContext.RequestAborted;

    protected override Metadata ResponseTrailersCore => _responseTrailers ??= [];

    protected override Status StatusCore { get; set; }

    protected override WriteOptions? WriteOptionsCore { get; set; }

    protected override AuthContext AuthContextCore => _authContext ??= CreateAuthContext();

    protected override IDictionary<object, object> UserStateCore =>
        _userState ??= new Dictionary<object, object> { [HttpContextKey] = HttpContext };

    /// <summary>Starts the clock of a request that names a deadline.</summary>
    public void StartDeadline(TimeSpan timeout, TimeProvider time)
    {
        var now = time.GetUtcNow().UtcDateTime;
        _deadline = timeout < DateTime.MaxValue - now ? now + timeout : DateTime.MaxValue;
        _deadlineSource = new CancellationTokenSource(timeout < MaxTimer ? timeout : MaxTimer, time);
        _linkedSource = CancellationTokenSource.CreateLinkedTokenSource(
            _deadlineSource.Token, HttpContext.RequestAborted);
    }

    public void Dispose()
    {
        _linkedSource?.Dispose();
        _deadlineSource?.Dispose();
    }

    protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders)
    {
        ArgumentNullException.ThrowIfNull(responseHeaders);
        if (_hasWrittenHeaders || HttpContext.Response.HasStarted)
        {
            throw new InvalidOperationException(
                "Response headers can only be written once, and before the first response.");
        }

        _hasWrittenHeaders = true;
        MetadataHeaders.Write(responseHeaders, HttpContext.Response.Headers);
        return StartStream is null ? Task.CompletedTask : StartStream();
    }

    protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) =>
        throw new NotSupportedException("Context propagation is not supported.");

    private AuthContext CreateAuthContext()
    {
        var certificate = HttpContext.Connection.ClientCertificate;
        if (certificate is null)
        {
            return new AuthContext(null, []);
        }

        const string name = "x509_common_name";
        var commonName = certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
        return new AuthContext(name, new()
        {
            [name] = [AuthProperty.Create(name, Encoding.UTF8.GetBytes(commonName))],
        });
    }
}
