namespace Batching.Storage.Sqlite;

/// <summary>A value to bind to a parameter: NULL, an integer, a text or a blob, without a box around it.</summary>
internal readonly struct StatementValue
{
    private readonly long _number;
    private readonly object? _reference;

    private StatementValue(long number)
    {
        _number = number;
        _reference = Integer;
    }

    private StatementValue(object? reference) => _reference = reference;

    // Stands in the place of a text or a blob.
    private static readonly object Integer = new();

    public static implicit operator StatementValue(long value) => new(value);

    public static implicit operator StatementValue(long? value) => value is { } number ? new(number) : default;

    public static implicit operator StatementValue(int value) => new(value);

    public static implicit operator StatementValue(bool value) => new(value ? 1 : 0);

    public static implicit operator StatementValue(string? value) => new((object?)value);

    public static implicit operator StatementValue(byte[]? value) => new((object?)value);

    /// <summary>The text, if it is one.</summary>
    public string? Text => _reference as string;

    /// <summary>The blob, if it is one.</summary>
    public byte[]? Blob => _reference as byte[];

    /// <summary>The integer, if it is neither a text, nor a blob, nor NULL.</summary>
    public long Number => _number;

    /// <summary>Whether it is NULL.</summary>
    public bool IsNull => _reference is null;
}
