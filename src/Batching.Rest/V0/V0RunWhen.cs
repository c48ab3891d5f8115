using System.Text.Json;
using Batching.V1;

namespace Batching.Rest.V0;

/// <summary>The names of <see cref="RunWhen"/>, and the array of keys beside it, as the v0 paths have them.</summary>
internal static class V0RunWhen
{
    private static readonly string[] Names = ["", "succeeded", "done", "failed"];

    /// <summary>The name that is shown.</summary>
    public static string NameOf(RunWhen when) => Names[(int)when];

    /// <summary>Reads a name, in any case.</summary>
    /// <returns>Why it is refused; null if it is not.</returns>
    public static string? FindProblem(ref Utf8JsonReader reader, Request request)
    {
        var text = reader.TokenType == JsonTokenType.String ? reader.GetString() : "";
        var number = Array.FindIndex(Names, 1, name => name.Equals(text, StringComparison.OrdinalIgnoreCase));
        reader.Skip();
        if (number < 0)
        {
            return "must be one of succeeded, done, failed";
        }

        request.RunWhen = (RunWhen)number;
        return null;
    }

    /// <summary>Reads an array of keys, or one key alone.</summary>
    /// <inheritdoc cref="FindProblem"/>
    public static string? FindKeysProblem(ref Utf8JsonReader reader, Request request)
    {
        const string problem = "must be an array of keys";
        if (reader.TokenType == JsonTokenType.String)
        {
            request.DependsOn.Add(reader.GetString()!);
            return null;
        }

        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return problem;
        }

        var isText = true;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.String)
            {
                request.DependsOn.Add(reader.GetString()!);
            }
            else
            {
                isText = false;
                reader.Skip();
            }
        }

        return isText ? null : problem;
    }
}
