namespace Batching.Rest.V0;

/// <summary>A form in which requests are shown.</summary>
/// <param name="Properties">Which properties they have.</param>
/// <param name="MaxBodyBytes">Bytes that a body may have that is decoded for it.</param>
internal sealed record V0Shape(IReadOnlySet<string> Properties, int MaxBodyBytes)
{
    /// <summary>In a detailed status, which has no bodies.</summary>
    public static V0Shape Progress { get; } = new(V0Property.Progress, 0);
}
