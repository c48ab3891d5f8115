using System.Buffers;
using System.Text;
using System.Text.Json;
using Batching.Engine.Content;

namespace Batching.Engine.References;

/// <summary>
/// A JSON text with references in it: objects with the one member <c>$ref</c>, which stand for a value, and strings with
/// <c>${…}</c>. Every other byte stays as it is. A member <c>$$ref</c> is one of the name <c>$ref</c> that is no reference.
/// </summary>
internal sealed class JsonTemplate
{
    private const string NameProblem = "; a member $$ref is sent as $ref";

    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = int.MaxValue };

    private readonly ReadOnlyMemory<byte> _json;
    private readonly List<Slot> _slots = [];

    private JsonTemplate(ReadOnlyMemory<byte> json) => _json = json;

    /// <summary>Its references, in order.</summary>
    public IEnumerable<Reference> References =>
        _slots.SelectMany(static slot => slot.Value is { } value ? [value] : slot.Text?.References ?? []);

    /// <summary>Reads a JSON text.</summary>
    /// <param name="json">The text.</param>
    /// <param name="isParams">Params: the whole of them can't be a reference.</param>
    /// <param name="problem">What is wrong with it, as a sentence without its subject; null if nothing is.</param>
    /// <returns>Null if there is nothing to put into it, it is no JSON, or something is wrong with it.</returns>
    public static JsonTemplate? Parse(ReadOnlyMemory<byte> json, bool isParams, out string? problem)
    {
        problem = null;
        if (!json.Span.Contains((byte)'$') && json.Span.IndexOf("\\u0024"u8) < 0)
        {
            return null;
        }

        var template = new JsonTemplate(json);
        try
        {
            problem = template.Find(isParams);
        }
        catch (JsonException)
        {
            problem = null;
            return null;
        }

        return problem is null && template._slots.Count > 0 ? template : null;
    }

    /// <summary>The text with the values in it.</summary>
    /// <param name="values">The values.</param>
    /// <param name="maxBytes">Bytes that it may have; a longer one is a problem of <paramref name="values"/>.</param>
    public byte[] Fill(ReferenceFill values, int maxBytes)
    {
        var output = new ArrayBufferWriter<byte>(_json.Length + 256);
        var at = 0;
        foreach (var slot in _slots)
        {
            output.Write(_json.Span[at..slot.Start]);
            at = slot.End;
            if (slot.Value is { } reference)
            {
                output.Write(values.Read(reference));
            }
            else
            {
                // No text is longer than its JSON.
                var text = slot.Text?.Fill(values, maxBytes) ?? slot.Name!;
                output.Write(Encoding.UTF8.GetBytes(JsonParams.Encode(text)));
            }

            if (!values.HasRoom((long)output.WrittenCount + _json.Length - at, maxBytes, "bytes"))
            {
                return [];
            }
        }

        output.Write(_json.Span[at..]);
        return output.WrittenSpan.ToArray();
    }

    private string? Find(bool isParams)
    {
        string? problem = null;
        var objects = new Stack<OpenObject>();
        var reader = new Utf8JsonReader(_json.Span, ReaderOptions);
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject:
                    objects.Push(new OpenObject((int)reader.TokenStartIndex));
                    break;
                case JsonTokenType.PropertyName:
                    problem ??= FindInName(ref reader, objects.Peek());
                    break;
                case JsonTokenType.EndObject:
                    problem ??= FindInObject(reader, objects.Pop(), isParams && objects.Count == 0);
                    break;
                case JsonTokenType.String when JsonTokens.FindText(reader) is { } text:
                    if (TextTemplate.Parse(text, out var wrong) is { } template)
                    {
                        var start = (int)reader.TokenStartIndex;
                        _slots.Add(new Slot(start, EndOf(reader)) { Text = template });
                    }

                    problem ??= wrong;
                    break;
            }
        }

        return problem;
    }

    private string? FindInName(ref Utf8JsonReader reader, OpenObject parent)
    {
        parent.Members++;
        if (JsonTokens.FindText(reader) is not ['$', ..] text || text.TrimStart('$') != "ref")
        {
            return null;
        }

        if (text.Length > "$ref".Length)
        {
            _slots.Add(new Slot((int)reader.TokenStartIndex, EndOf(reader)) { Name = text[1..] });
            return null;
        }

        reader.Read();
        if (reader.TokenType != JsonTokenType.String || JsonTokens.FindText(reader) is not { } value)
        {
            reader.Skip();
            return "has a member $ref that is not a string" + NameProblem;
        }

        parent.Value = Reference.Parse(value, out var problem);
        return problem is null ? null : $"has the reference {CallerText.Quote(value)}, which {problem}{NameProblem}";
    }

    private string? FindInObject(in Utf8JsonReader reader, OpenObject ended, bool isParams)
    {
        if (ended.Value is null)
        {
            return null;
        }

        if (ended.Members > 1)
        {
            return "has a member $ref beside others" + NameProblem;
        }

        _slots.Add(new Slot(ended.Start, (int)reader.BytesConsumed) { Value = ended.Value });
        return isParams ? "can't be a reference as a whole: each of them can" + NameProblem : null;
    }

    // With the quotes. The reader itself is behind the colon of a name.
    private static int EndOf(in Utf8JsonReader reader) => (int)reader.TokenStartIndex + reader.ValueSpan.Length + 2;

    private sealed class OpenObject(int start)
    {
        public int Start => start;

        public int Members { get; set; }

        public Reference? Value { get; set; }
    }

    // One of value, text and name.
    private readonly record struct Slot(int Start, int End)
    {
        public Reference? Value { get; init; }

        public TextTemplate? Text { get; init; }

        public string? Name { get; init; }
    }
}
