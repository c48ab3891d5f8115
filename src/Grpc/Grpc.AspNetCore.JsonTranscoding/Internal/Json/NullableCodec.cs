using System.Text.Json;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary>
/// A wrapper of a value type (<c>google.protobuf.Int32Value</c> …), which generated classes show as <c>T?</c>.
/// </summary>
internal sealed class NullableCodec<T>(ValueCodec<T> inner) : ValueCodec<T?>
    where T : struct
{
    private readonly ValueCodec<T> _inner = inner;

    public override bool IsDefault(T? value) => value is null;

    public override void Write(Utf8JsonWriter writer, T? value) => _inner.Write(writer, value.GetValueOrDefault());

    public override T? Read(ref Utf8JsonReader reader) => _inner.Read(ref reader);

    public override T? Parse(ReadOnlySpan<byte> text) => _inner.Parse(text);
}
