namespace Batching.SharedPort.Tests.Infrastructure;

/// <summary>Calls with exactly one version of the protocol: over cleartext, HTTP/2 is prior knowledge then.</summary>
internal static class Http
{
    public static async Task<string> GetAsync(Uri address, string version, HttpMessageHandler? handler = null)
    {
        using var http = new HttpClient(handler ?? new SocketsHttpHandler(), disposeHandler: handler is null);
        using var request = new HttpRequestMessage(HttpMethod.Get, address)
        {
            Version = Version.Parse(version),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        using var response = await http.SendAsync(request).WithDeadlineAsync();
        return await response.Content.ReadAsStringAsync().WithDeadlineAsync();
    }
}
