using System.Globalization;
using System.Text.Json;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary>Words for texts that are no JSON.</summary>
internal static class JsonErrors
{
    /// <summary>Says where the text is broken. The reader's own message talks of .NET types and options.</summary>
    public static string Describe(JsonException error) =>
        error is { LineNumber: { } line, BytePositionInLine: { } at }
            ? string.Create(CultureInfo.InvariantCulture, $"The text is not valid JSON at line {line + 1}, byte {at + 1}.")
            : "The text is not valid JSON.";
}
