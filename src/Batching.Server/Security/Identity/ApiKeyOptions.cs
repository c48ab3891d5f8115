using System.ComponentModel.DataAnnotations;

namespace Batching.Server.Security.Identity;

/// <summary>A key that callers may present.</summary>
internal sealed class ApiKeyOptions
{
    /// <summary>Owner whose key it is. Several keys of one owner see the same batches.</summary>
    [Required]
    public string Owner { get; set; } = "";

    /// <summary>SHA-256 hash of the key, 64 hexadecimal digits. No two keys may have the same.</summary>
    [Required]
    public string Hash { get; set; } = "";

    /// <summary>
    /// Value of <c>Authorization</c> that the APIs get for this key, such as <c>Bearer …</c>. They never get the key itself.
    /// Unset: they get no credential.
    /// </summary>
    public string? Authorization { get; set; }
}
