namespace Batching.Server.Security.Identity;

/// <summary>A key that callers may present.</summary>
internal sealed class ApiKeyOptions
{
    /// <summary>Whose key it is. Several keys of one owner see the same batches. Required.</summary>
    public string Owner { get; set; } = "";

    /// <summary>The SHA-256 hash of the key in 64 hexadecimal digits. Required, each once.</summary>
    public string Hash { get; set; } = "";

    /// <summary>
    /// The value of the <c>Authorization</c> field for the APIs, such as <c>Bearer …</c>. Unset: they get no credential.
    /// The key itself never goes to them.
    /// </summary>
    public string? Authorization { get; set; }
}
