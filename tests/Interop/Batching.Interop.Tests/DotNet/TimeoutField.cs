namespace Batching.Interop.Tests.DotNet;

/// <summary>
/// Says a deadline that the client itself knows nothing of: only the server can end its calls. Among the metadata of a
/// call the client leaves this field out.
/// </summary>
internal sealed class TimeoutField(string? timeout, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (timeout is not null)
        {
            request.Headers.Remove("grpc-timeout");
            request.Headers.Add("grpc-timeout", timeout);
        }

        return base.SendAsync(request, cancellationToken);
    }
}
