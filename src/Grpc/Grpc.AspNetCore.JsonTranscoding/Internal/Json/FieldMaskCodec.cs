using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary><c>google.protobuf.FieldMask</c>: the paths in lower camel case, joined with commas.</summary>
internal sealed class FieldMaskCodec : TextCodec
{
    public override void Write(Utf8JsonWriter writer, IMessage message)
    {
        var text = new StringBuilder();
        foreach (var path in ((FieldMask)message).Paths)
        {
            if (text.Length > 0)
            {
                text.Append(',');
            }

            AppendCamelCase(text, path);
        }

        writer.WriteStringValue(text.ToString());
    }

    public override void Parse(ReadOnlySpan<byte> text, IMessage message)
    {
        var mask = (FieldMask)message;
        if (text.IsEmpty)
        {
            return;
        }

        foreach (var range in text.Split((byte)','))
        {
            mask.Paths.Add(ToSnakeCase(text[range]));
        }
    }

    private static void AppendCamelCase(StringBuilder text, string path)
    {
        for (var i = 0; i < path.Length; i++)
        {
            var c = path[i];
            var next = i + 1 < path.Length ? path[i + 1] : default;
            if (char.IsAsciiLetterUpper(c) || (c == '_' && !char.IsAsciiLetterLower(next)))
            {
                throw new InvalidOperationException(
                    $"The path '{path}' of a google.protobuf.FieldMask has no JSON form.");
            }

            text.Append(c == '_' ? char.ToUpperInvariant(path[++i]) : c);
        }
    }

    private static string ToSnakeCase(ReadOnlySpan<byte> path)
    {
        var snake = new StringBuilder(path.Length + 8);
        foreach (var b in path)
        {
            var c = (char)b;
            if (char.IsAsciiLetterUpper(c))
            {
                snake.Append('_').Append(char.ToLowerInvariant(c));
            }
            else if (char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '.')
            {
                snake.Append(c);
            }
            else
            {
                throw new JsonValueException("A field path is written in lower camel case.");
            }
        }

        return snake.Length > 0 ? snake.ToString() : throw new JsonValueException("A field path can't be empty.");
    }
}
