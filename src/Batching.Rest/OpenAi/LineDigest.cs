using System.Text.Json;

namespace Batching.Rest.OpenAi;

/// <summary>
/// Facts by which lines are sorted, so that those of one model stand together, and of these those whose prompts begin alike. It takes little
/// memory. Two lines that begin differently may have the same digest, which costs a model server some time, and nothing else.
/// </summary>
internal readonly record struct LineDigest : IComparable<LineDigest>
{
    // FNV-1a (RFC 9923), 64 bits: it is the same at every gateway and in every version of .NET.
    private const ulong Basis = 0xcbf29ce484222325;
    private const ulong Prime = 0x100000001b3;

    // The lengths of the beginnings that are compared, each after those before it.
    private const int Shortest = 64;
    private const int Short = 256;
    private const int Long = 1_024;
    private const int Longest = 8_192;

    // Members of a body that a model server makes its prompt of, in the order in which it has them there.
    private static readonly string[] PromptNames = ["tools", "instructions", "system", "messages", "prompt", "input"];

    private readonly ulong _model;
    private readonly ulong _shortest;
    private readonly ulong _short;
    private readonly ulong _long;
    private readonly ulong _longest;

    private LineDigest(ulong model, ulong shortest, ulong @short, ulong @long, ulong longest)
    {
        _model = model;
        _shortest = shortest;
        _short = @short;
        _long = @long;
        _longest = longest;
    }

    /// <summary>Makes that of a line; of one that is no request, it is that of all such lines.</summary>
    /// <param name="line">The line.</param>
    /// <param name="withPrompt">Whether the prompt counts, too.</param>
    /// <param name="depth">Levels of its JSON.</param>
    public static LineDigest Of(ReadOnlySpan<byte> line, bool withPrompt, int depth)
    {
        try
        {
            var json = new Utf8JsonReader(line, new JsonReaderOptions { MaxDepth = depth });
            json.Read();
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var isBody = json.ValueTextEquals("body"u8);
                json.Read();
                if (isBody && json.TokenType == JsonTokenType.StartObject)
                {
                    return OfBody(ref json, line, withPrompt);
                }

                json.Skip();
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // What is wrong with it is said where it is read as a request.
        }

        return default;
    }

    public int CompareTo(LineDigest other)
    {
        var order = _model.CompareTo(other._model);
        order = order != 0 ? order : _shortest.CompareTo(other._shortest);
        order = order != 0 ? order : _short.CompareTo(other._short);
        order = order != 0 ? order : _long.CompareTo(other._long);
        return order != 0 ? order : _longest.CompareTo(other._longest);
    }

    private static LineDigest OfBody(ref Utf8JsonReader json, ReadOnlySpan<byte> line, bool withPrompt)
    {
        var model = Basis;
        Span<Range> parts = stackalloc Range[PromptNames.Length];
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var isModel = json.ValueTextEquals("model"u8);
            var part = withPrompt ? FindPart(json) : -1;
            json.Read();
            var start = (int)json.TokenStartIndex;
            json.Skip();
            var value = start..(int)json.BytesConsumed;
            if (isModel)
            {
                model = Add(Basis, line[value]);
            }
            else if (part >= 0)
            {
                parts[part] = value;
            }
        }

        Span<ulong> hashes = stackalloc ulong[4];
        AddPrompt(line, parts, hashes);
        return new LineDigest(model, hashes[0], hashes[1], hashes[2], hashes[3]);
    }

    private static int FindPart(in Utf8JsonReader json)
    {
        for (var i = 0; i < PromptNames.Length; i++)
        {
            if (json.ValueTextEquals(PromptNames[i]))
            {
                return i;
            }
        }

        return -1;
    }

    private static void AddPrompt(ReadOnlySpan<byte> line, ReadOnlySpan<Range> parts, Span<ulong> hashes)
    {
        ReadOnlySpan<int> lengths = [Shortest, Short, Long, Longest];
        var (hash, length, next) = (Basis, 0, 0);
        foreach (var part in parts)
        {
            var text = line[part];
            while (text.Length > 0 && next < lengths.Length)
            {
                var count = Math.Min(text.Length, lengths[next] - length);
                hash = Add(hash, text[..count]);
                text = text[count..];
                length += count;
                if (length == lengths[next])
                {
                    hashes[next++] = hash;
                }
            }
        }

        // A prompt that is shorter has no other beginning than itself.
        hashes[next..].Fill(hash);
    }

    private static ulong Add(ulong hash, ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
        {
            hash = (hash ^ value) * Prime;
        }

        return hash;
    }
}
