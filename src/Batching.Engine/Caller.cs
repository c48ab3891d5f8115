namespace Batching.Engine;

/// <summary>Who calls.</summary>
/// <param name="Owner">Whose batches the caller may see: an opaque text, the same for the same credential.</param>
/// <param name="Authorization">The credential to send to the upstream in the field <see cref="BatchEngineOptions.CredentialHeader"/>, if any.</param>
public sealed record Caller(string Owner, string? Authorization)
{
    /// <summary>Where the call comes from.</summary>
    public CallOrigin Origin { get; init; } = CallOrigin.Unknown;
}
