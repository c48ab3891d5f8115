using System.Diagnostics.CodeAnalysis;

namespace Batching.Engine;

/// <summary>What a caller asked for, or why it is refused.</summary>
public readonly struct Answer<T>
    where T : class
{
    private Answer(T? value, Refusal? refusal)
    {
        Value = value;
        Refusal = refusal;
    }

    /// <summary>Null if refused.</summary>
    public T? Value { get; }

    /// <summary>Null if not refused.</summary>
    public Refusal? Refusal { get; }

    /// <summary>Whether the caller gets what was asked for.</summary>
    [MemberNotNullWhen(true, nameof(Value))]
    [MemberNotNullWhen(false, nameof(Refusal))]
    public bool IsGiven => Refusal is null;

    /// <summary>Gives it.</summary>
    public static implicit operator Answer<T>(T value) => new(value, null);

    /// <summary>Refuses it.</summary>
    public static implicit operator Answer<T>(Refusal refusal) => new(null, refusal);
}
