using System.Text.Json;
using Batching.Engine.Content;
using Batching.V1;

namespace Batching.Rest.Graph;

// The members of a request that take more than a line.
internal ref partial struct GraphRequestReader
{
    private void ReadDependencies(List<string> needed)
    {
        const string Member = "dependsOn";
        if (_reader.TokenType != JsonTokenType.StartArray)
        {
            _submission.Refuse(Member, "must be an array of strings");
            _reader.Skip();
            return;
        }

        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
        {
            if (FindText() is { } text)
            {
                needed.Add(text);
            }
            else
            {
                _submission.Refuse(Member, "must be an array of strings");
            }
        }
    }

    private void ReadHeaders(Request request)
    {
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            _submission.AddProblem("headers", "must be an object of strings");
            _reader.Skip();
            return;
        }

        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndObject)
        {
            var name = JsonTokens.FindText(_reader);
            _reader.Read();
            if (name is null)
            {
                _submission.AddProblem("headers", "has a name that is not valid Unicode");
                _reader.Skip();
                continue;
            }

            // The calls get the credential of the batch in any case. One of their own is refused with the other header fields.
            var value = ReadText($"headers[{name}]");
            var isCredential = _credential == value && name.Equals("Authorization", StringComparison.OrdinalIgnoreCase);
            if (!isCredential && !request.Headers.TryAdd(name, value))
            {
                _submission.AddProblem($"headers[{name}]", "is given twice");
            }
        }
    }

    private string ReadText(string field)
    {
        var isString = _reader.TokenType == JsonTokenType.String;
        if (FindText() is { } text)
        {
            return text;
        }

        _submission.AddProblem(field, isString ? "is not valid Unicode" : "must be a string");
        return "";
    }

    // Null for what is no string, or no Unicode.
    private string? FindText()
    {
        if (_reader.TokenType == JsonTokenType.String)
        {
            return JsonTokens.FindText(_reader);
        }

        _reader.Skip();
        return null;
    }
}
