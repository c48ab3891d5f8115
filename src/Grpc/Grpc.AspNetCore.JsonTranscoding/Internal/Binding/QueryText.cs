namespace Grpc.AspNetCore.JsonTranscoding.Internal.Binding;

/// <summary>Splits a query string. The framework's own collection loses the order of the keys.</summary>
internal static class QueryText
{
    public static IReadOnlyList<KeyValuePair<string, string>> Parse(string? query)
    {
        if (query is null || query.Length <= 1)
        {
            return [];
        }

        var pairs = new List<KeyValuePair<string, string>>();
        var text = query.AsSpan(query[0] == '?' ? 1 : 0);
        foreach (var range in text.Split('&'))
        {
            var part = text[range];
            if (part.IsEmpty)
            {
                continue;
            }

            // Only the first '=' separates; further ones, and any '?', belong to the value.
            var equals = part.IndexOf('=');
            pairs.Add(equals < 0
                ? KeyValuePair.Create(Decode(part), "")
                : KeyValuePair.Create(Decode(part[..equals]), Decode(part[(equals + 1)..])));
        }

        return pairs;
    }

    private static string Decode(ReadOnlySpan<char> text)
    {
        if (!text.ContainsAny('%', '+'))
        {
            return text.ToString();
        }

        return Uri.UnescapeDataString(text.ToString().Replace('+', ' '));
    }
}
