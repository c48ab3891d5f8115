using System.Globalization;
using System.Text;
using System.Text.Json;
using Batching.Engine.Content;

namespace Batching.Engine.References;

/// <summary>
/// The values that are put into one request, each as the text of its JSON. The first one that can't stand in its place is
/// remembered; what is made from then on is of no use. Not thread-safe.
/// </summary>
/// <param name="find">Finds the value of a reference, which is there.</param>
internal sealed class ReferenceFill(Func<Reference, ReadOnlyMemory<byte>> find)
{
    private static readonly ReadOnlyMemory<byte> PlaceholderJson = "\"x\""u8.ToArray();

    /// <summary>The problem with a value, as a sentence; null if there is none.</summary>
    public string? Problem { get; private set; }

    /// <summary>
    /// Stands for the values that are not known yet, to check what is around them. A letter that is no hexadecimal digit does not
    /// complete a percent-encoding that the caller has begun.
    /// </summary>
    public static ReferenceFill Placeholders() => new(static _ => PlaceholderJson);

    /// <summary>The JSON text of a value.</summary>
    public ReadOnlySpan<byte> Read(Reference reference) => find(reference).Span;

    /// <summary>A value as a part of a text: a string, a number, true or false.</summary>
    /// <param name="reference">The reference.</param>
    /// <param name="mayBeEmpty">Whether it may be an empty string.</param>
    public string ReadText(Reference reference, bool mayBeEmpty = true)
    {
        var json = find(reference).Span;
        var reader = new Utf8JsonReader(json);
        reader.Read();
        var text = reader.TokenType switch
        {
            JsonTokenType.String => JsonTokens.FindText(reader),
            JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False => Encoding.UTF8.GetString(reader.ValueSpan),
            _ => null,
        };
        switch (text)
        {
            case null:
                Fail(reference, reader.TokenType switch
                {
                    JsonTokenType.String => "is not valid Unicode",
                    JsonTokenType.Null => "is null, which can't stand in a text",
                    JsonTokenType.StartArray => "is an array, which can't stand in a text",
                    _ => "is an object, which can't stand in a text",
                });
                return "";
            case "" when !mayBeEmpty:
                Fail(reference, "is empty, and would leave a hole in the path");
                return "";
            default:
                return text;
        }
    }

    /// <summary>Whether there is room for what was made so far; else that is a problem.</summary>
    public bool HasRoom(long length, long max, string unit)
    {
        if (length > max)
        {
            Problem ??= string.Create(
                CultureInfo.InvariantCulture, $"With the values of its references it is longer than {max} {unit}.");
        }

        return Problem is null;
    }

    /// <summary>Something is wrong, as a sentence.</summary>
    public void Fail(string problem) => Problem ??= problem;

    private void Fail(Reference reference, string problem) => Fail($"The value of {CallerText.Quote(reference.Text)} {problem}.");
}
