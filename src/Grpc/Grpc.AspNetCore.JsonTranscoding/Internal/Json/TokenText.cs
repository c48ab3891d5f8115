using System.Buffers;
using System.Text.Json;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary>The UTF-8 text of a JSON string, name or number, unescaped; copied only when it has to be.</summary>
internal ref struct TokenText : IDisposable
{
    private byte[]? _rented;

    public TokenText(ref Utf8JsonReader reader)
    {
        if (!reader.HasValueSequence && !reader.ValueIsEscaped)
        {
            Span = reader.ValueSpan;
            return;
        }

        var length = reader.HasValueSequence ? checked((int)reader.ValueSequence.Length) : reader.ValueSpan.Length;
        _rented = ArrayPool<byte>.Shared.Rent(length);
        if (reader.TokenType == JsonTokenType.Number)
        {
            reader.ValueSequence.CopyTo(_rented);
        }
        else
        {
            length = reader.CopyString(_rented);
        }

        Span = _rented.AsSpan(0, length);
    }

    public ReadOnlySpan<byte> Span { get; }

    public void Dispose()
    {
        if (_rented is not null)
        {
            ArrayPool<byte>.Shared.Return(_rented);
            _rented = null;
        }
    }
}
