using Microsoft.Kiota.Abstractions;
using Microsoft.Kiota.Abstractions.Authentication;

namespace Batching.Interop.Tests.Graph;

/// <summary>Gives all requests one token, as the providers of Microsoft's identity platform do: the batch, and each request in it.</summary>
internal sealed class FixedToken : IAuthenticationProvider
{
    public const string Value = "Bearer graph-token";

    public Task AuthenticateRequestAsync(
        RequestInformation request,
        Dictionary<string, object>? additionalAuthenticationContext = null,
        CancellationToken cancellationToken = default)
    {
        request.Headers.TryAdd("Authorization", Value);
        return Task.CompletedTask;
    }
}
