using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Batching.Engine.Content;

/// <summary>
/// Params as the text of a JSON object. No value is decoded before it is wanted, so that all stay as they were written. Of a
/// name that comes twice the last value counts, as most readers of JSON have it.
/// </summary>
internal sealed class JsonParams
{
    // No query is long enough for more.
    private const int MaxParams = 65_536;

    // JSON of a submission has fewer levels than this.
    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = 1_000 };

    private readonly byte[] _json;
    private readonly OrderedDictionary<string, Range> _values = new(StringComparer.Ordinal);
    private List<string>? _replaced;
    private string? _problem;
    private int _end;

    private JsonParams(byte[] json) => _json = json;

    /// <summary>Takes params apart.</summary>
    /// <param name="text">Their text.</param>
    /// <param name="parameters">The params.</param>
    /// <returns>False if the text is not a JSON object.</returns>
    public static bool TryParse(string text, [NotNullWhen(true)] out JsonParams? parameters)
    {
        parameters = new JsonParams(Encoding.UTF8.GetBytes(text));
        try
        {
            if (parameters.Read())
            {
                return true;
            }
        }
        catch (JsonException)
        {
            // It is no JSON.
        }

        parameters = null;
        return false;
    }

    /// <summary>The JSON text of a value; empty if there is none of this name.</summary>
    public ReadOnlySpan<byte> Find(string name) => _values.TryGetValue(name, out var range) ? _json.AsSpan(range) : default;

    /// <summary>The text of the params with one value set: what stands around it stays as it is.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its JSON text.</param>
    public string With(string name, string value)
    {
        if (_values.TryGetValue(name, out var range))
        {
            return Encoding.UTF8.GetString(_json.AsSpan(..range.Start))
                + value
                + Encoding.UTF8.GetString(_json.AsSpan(range.End..));
        }

        var separator = _values.Count > 0 ? "," : "";
        return $"{Encoding.UTF8.GetString(_json.AsSpan(.._end))}{separator}{Encode(name)}:{value}}}";
    }

    /// <summary>Params with others on top of them.</summary>
    /// <param name="text">Their text.</param>
    /// <param name="added">The text of those that are added, or that take the place of others of their name.</param>
    public static string Merge(string text, string added)
    {
        if (!TryParse(added, out var values))
        {
            return text;
        }

        foreach (var (name, range) in values._values)
        {
            if (TryParse(text, out var parameters))
            {
                text = parameters.With(name, Encoding.UTF8.GetString(values._json.AsSpan(range)));
            }
        }

        return text;
    }

    /// <summary>The JSON text of a string.</summary>
    public static string Encode(string text) =>
        $"\"{JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";

    /// <summary>Appends the params to a query.</summary>
    /// <param name="query">The query.</param>
    /// <param name="maxDepth">Levels that they may have, themselves included.</param>
    /// <returns>What is wrong with them, as a sentence without its subject; null if nothing is.</returns>
    public string? Append(QueryWriter query, int maxDepth)
    {
        if (_problem is not null)
        {
            return _problem;
        }

        foreach (var name in _replaced ?? [])
        {
            query.AddUnsent(name);
        }

        foreach (var (name, range) in _values)
        {
            if (query.IsTooLong)
            {
                break;
            }

            if (Append(query, name, _json.AsSpan(range), maxDepth) is { } problem)
            {
                return $"has the param {CallerText.Quote(name)}, which {problem}";
            }
        }

        return null;
    }

    private bool Read()
    {
        var reader = new Utf8JsonReader(_json, ReaderOptions);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var name = JsonTokens.FindText(reader);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (name is null)
            {
                _problem ??= "has a param whose name is not valid Unicode";
            }
            else if (_values.Count + (_replaced?.Count ?? 0) < MaxParams)
            {
                if (!_values.TryAdd(name, start..(int)reader.BytesConsumed))
                {
                    (_replaced ??= []).Add(name);
                    _values[name] = start..(int)reader.BytesConsumed;
                }
            }
            else
            {
                _problem ??= $"has more than {MaxParams} params";
            }
        }

        _end = (int)reader.TokenStartIndex;

        // Throws if anything but white space follows.
        reader.Read();
        return true;
    }

    private static string? Append(QueryWriter query, string name, ReadOnlySpan<byte> value, int maxDepth)
    {
        var reader = new Utf8JsonReader(value, ReaderOptions);
        var isList = value[0] == (byte)'[';
        if (isList && maxDepth == 1)
        {
            return "is nested too deeply";
        }

        reader.Read();
        if (!isList)
        {
            return AppendOne(query, name, ref reader, value, maxDepth - 1);
        }

        var isEmpty = true;
        while (!query.IsTooLong && reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            isEmpty = false;
            if (AppendOne(query, name, ref reader, value, maxDepth - 1) is { } problem)
            {
                return problem;
            }
        }

        if (isEmpty)
        {
            query.AddUnsent(name);
        }

        return null;
    }

    private static string? AppendOne(
        QueryWriter query, string name, ref Utf8JsonReader reader, ReadOnlySpan<byte> value, int levels)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                query.AddUnsent(name);
                return null;
            case JsonTokenType.String:
                if (JsonTokens.FindText(reader) is not { } text)
                {
                    return "is not valid Unicode";
                }

                query.Add(name, text);
                return null;
            case JsonTokenType.StartObject or JsonTokenType.StartArray:
                var start = (int)reader.TokenStartIndex;
                if (!TrySkip(ref reader, levels))
                {
                    return "is nested too deeply";
                }

                query.Add(name, Encoding.UTF8.GetString(value[start..(int)reader.BytesConsumed]));
                return null;
            default:
                query.Add(name, Encoding.UTF8.GetString(reader.ValueSpan));
                return null;
        }
    }

    // The depth that a reader tells is that of the value, which is one below the params.
    private static bool TrySkip(ref Utf8JsonReader reader, int levels)
    {
        var depth = reader.CurrentDepth;
        do
        {
            if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray && reader.CurrentDepth >= levels)
            {
                return false;
            }
        }
        while (reader.Read() && reader.CurrentDepth > depth);

        return true;
    }
}
