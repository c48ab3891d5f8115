using System.ComponentModel.DataAnnotations;
using Batching.Engine.Submission;

namespace Batching.Engine.Upstreams;

/// <summary>Which header fields go through the gateway: the configuration section <c>Batch:Headers</c>.</summary>
public sealed class HeaderOptions : IValidatableObject
{
    /// <summary>
    /// Names of header fields that callers may not set, beside those that never can be; in any case, and
    /// <c>_</c> stands for <c>-</c>. Default none.
    /// </summary>
    public IList<string> Denied { get; } = [];

    /// <summary>How an API is told the client's address. Default <c>X-Forwarded-For</c>.</summary>
    public ClientAddressField ClientAddress { get; set; } = ClientAddressField.XForwardedFor;

    /// <summary>
    /// Keeps <c>Set-Cookie</c> among the header fields of results, several of them joined by a comma and a blank.
    /// Default false: a cookie belongs to whoever holds the connection with the API.
    /// </summary>
    public bool SetCookie { get; set; }

    /// <summary>Whether the names are names.</summary>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => Denied
        .Where(name => !HeaderRules.IsFieldName(name))
        .Select(name => new ValidationResult($"'{name}' is not the name of a header field.", [nameof(Denied)]));
}
