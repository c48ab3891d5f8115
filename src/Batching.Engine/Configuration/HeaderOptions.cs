using System.ComponentModel.DataAnnotations;
using Batching.Engine.Content;

namespace Batching.Engine.Configuration;

/// <summary>Header fields that go through the gateway: the configuration section <c>Batch:Headers</c>.</summary>
public sealed class HeaderOptions : IValidatableObject
{
    /// <summary>
    /// Name of a header field that callers may not set, in addition to those that they never can. Upper and lower case are
    /// the same, and so are <c>_</c> and <c>-</c>.
    /// </summary>
    public IList<string> Denied { get; } = [];

    /// <summary>Header field that tells an API the client's address.</summary>
    public ClientAddressField ClientAddress { get; set; } = ClientAddressField.XForwardedFor;

    /// <summary>
    /// Whether results keep <c>Set-Cookie</c>, several of them joined by a comma and a blank. If not, it is dropped: a
    /// cookie belongs to whoever holds the connection with the API.
    /// </summary>
    public bool SetCookie { get; set; }

    /// <summary>Whether the names are names.</summary>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => Denied
        .Where(name => !HeaderRules.IsFieldName(name))
        .Select(name => new ValidationResult($"'{name}' is not the name of a header field.", [nameof(Denied)]));
}
