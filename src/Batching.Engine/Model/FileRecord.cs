namespace Batching.Engine.Model;

/// <summary>One file as the store knows it, its bytes aside. Immutable.</summary>
public sealed record FileRecord
{
    /// <summary>The file's number, of the same counter as those of batches.</summary>
    public required long Key { get; init; }

    /// <summary>The owner who uploaded the file: an opaque text, compared by its bytes.</summary>
    public required string Owner { get; init; }

    /// <summary>The name that the file was uploaded with; nothing is made of it.</summary>
    public required string Name { get; init; }

    /// <summary>The purpose that the file was uploaded for, as its dialect calls it.</summary>
    public required string Purpose { get; init; }

    /// <summary>The length of the file.</summary>
    public required long Bytes { get; init; }

    /// <summary>The time at which the file was complete, in whole milliseconds.</summary>
    public required DateTimeOffset CreateTime { get; init; }

    /// <summary>The time at which the file is deleted.</summary>
    public required DateTimeOffset ExpireTime { get; init; }
}
