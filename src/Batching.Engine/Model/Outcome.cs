using System.Diagnostics.CodeAnalysis;

namespace Batching.Engine.Model;

/// <summary>The outcome of a call: what the caller asked for, or the refusal.</summary>
public readonly struct Outcome<T>
    where T : class
{
    private Outcome(T? value, Refusal? refusal)
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
    public bool Succeeded => Refusal is null;

    /// <summary>Gives it.</summary>
    public static implicit operator Outcome<T>(T value) => new(value, null);

    /// <summary>Refuses it.</summary>
    public static implicit operator Outcome<T>(Refusal refusal) => new(null, refusal);
}
