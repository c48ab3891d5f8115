using Batching.Engine.Model;
using Batching.V1;

namespace Batching.Engine.Upstreams;

/// <summary>One call to an API.</summary>
/// <param name="Route">Where it goes.</param>
/// <param name="Method">One of <see cref="Methods"/>.</param>
/// <param name="Request">Its header fields and body.</param>
/// <param name="Authorization">The caller's credential, the value of an <c>Authorization</c> field.</param>
internal sealed record UpstreamCall(Route Route, HttpMethod Method, Request Request, string? Authorization)
{
    /// <inheritdoc cref="RepeatRules.MayRepeat"/>
    public bool MayRepeat => IsRepeatable || RepeatRules.MayRepeat(Method, Request);

    /// <inheritdoc cref="RepeatRules.MustNotRepeat"/>
    public bool MustNotRepeat => !IsRepeatable && RepeatRules.MustNotRepeat(Method, Request);

    /// <summary>Whoever submitted it says that it may be sent again, whatever its method.</summary>
    public bool IsRepeatable { get; init; }

    /// <summary>Whose call it is: what its answer takes in memory is charged to.</summary>
    public string Owner { get; init; } = "";

    /// <summary>The deadline of this call, where that of its upstream is not shorter; null for that of the upstream.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>The header fields that tell the API where the call comes from; null for none.</summary>
    public ForwardedFields? Forwarded { get; init; }
}
