namespace Batching.Interop.Tests;

/// <summary>Where a server can be reached.</summary>
/// <param name="Url">Its address, <c>http</c> or <c>https</c>.</param>
/// <param name="RootFile">The only authority that vouches for it, in PEM.</param>
public sealed record Endpoint(Uri Url, string RootFile)
{
    /// <summary>The address as programs take it: without a slash at the end.</summary>
    public string Address => Url.GetLeftPart(UriPartial.Authority);
}
