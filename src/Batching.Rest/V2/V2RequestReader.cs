using System.Buffers;
using System.Text.Json;
using Batching.Engine.Content;
using Batching.Rest.Calls;
using Batching.Rest.Requests;
using Batching.Rest.V0;
using Batching.V1;
using Google.Protobuf;

namespace Batching.Rest.V2;

/// <summary>
/// Reads the body of <c>POST /api/v2/batch</c>. What is no object of calls is refused at once; a call that is not as it
/// should be is noted, and leaves the others alone.
/// </summary>
internal ref struct V2RequestReader
{
    private readonly ReadOnlySequence<byte> _json;
    private readonly V2Submission _submission;
    private Utf8JsonReader _reader;

    private V2RequestReader(in ReadOnlySequence<byte> json, int maxDepth, V2Submission submission)
    {
        _json = json;
        _submission = submission;
        _reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = maxDepth });
    }

    /// <summary>Reads all calls.</summary>
    /// <param name="json">The body.</param>
    /// <param name="maxDepth">Levels that it may have.</param>
    /// <param name="submission">Gets the calls.</param>
    /// <exception cref="RefusedCallException">The body is not JSON, no object, or has a key twice.</exception>
    public static void Read(in ReadOnlySequence<byte> json, int maxDepth, V2Submission submission)
    {
        if (json.IsEmpty)
        {
            throw new RefusedCallException("body", "must be a JSON object of calls, but is empty");
        }

        try
        {
            new V2RequestReader(json, maxDepth, submission).ReadBatch();
        }
        catch (Exception exception) when (JsonValues.IsOfReader(exception))
        {
            throw JsonValues.Refuse("body", json, maxDepth, exception);
        }
    }

    /// <summary>A payload and params are kept as they are.</summary>
    public static bool KeepsRaw(in Utf8JsonReader name) =>
        name.CurrentDepth is 2 or 3
        && (JsonTokens.Matches(name, "payload"u8) || JsonTokens.Matches(name, "data"u8) || JsonTokens.Matches(name, "params"u8));

    private void ReadBatch()
    {
        _reader.Read();
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            var kind = _reader.TokenType == JsonTokenType.StartArray ? "an array" : "a single value";
            _reader.Skip();
            _reader.Read();
            throw new RefusedCallException("body", $"must be a JSON object of calls, not {kind}");
        }

        _submission.Form = FindForm(_reader);
        if (_submission.Form == V2Form.Map)
        {
            ReadMap();
        }
        else
        {
            _reader.Read();
            _reader.Read();
            if (_submission.Form == V2Form.EnvelopedMap)
            {
                ReadMap();
            }
            else
            {
                ReadList();
            }

            _reader.Read();
        }

        // Throws if anything but white space follows.
        _reader.Read();
    }

    // Looks ahead with a reader of its own. A key that happens to be "requests" has a call: a string, or an object that
    // says its URL.
    private static V2Form FindForm(Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.PropertyName || !JsonTokens.Matches(reader, "requests"u8))
        {
            return V2Form.Map;
        }

        reader.Read();
        V2Form form;
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            form = V2Form.EnvelopedList;
            reader.Skip();
        }
        else if (reader.TokenType == JsonTokenType.StartObject)
        {
            form = V2Form.EnvelopedMap;
            while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
            {
                var isUrl = JsonTokens.Matches(reader, "url"u8);
                reader.Read();
                if (isUrl && reader.TokenType == JsonTokenType.String)
                {
                    form = V2Form.Map;
                }

                reader.Skip();
            }
        }
        else
        {
            return V2Form.Map;
        }

        reader.Read();
        return reader.TokenType == JsonTokenType.EndObject ? form : V2Form.Map;
    }

    private void ReadMap()
    {
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndObject)
        {
            var request = _submission.Add(_reader.GetString()!);
            _reader.Read();
            ReadCall(request);
        }
    }

    private void ReadList()
    {
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
        {
            ReadCall(_submission.AddToList());
        }
    }

    private void ReadCall(Request request)
    {
        switch (_reader.TokenType)
        {
            case JsonTokenType.String:
                SetUrl(request, ReadText("url"));
                break;
            case JsonTokenType.StartObject:
                ReadObject(request);
                break;
            default:
                _submission.AddProblem("call", "must be a URL, or an object with one");
                _reader.Skip();
                break;
        }
    }

    private void ReadObject(Request request)
    {
        string? body = null;
        string? encoding = null;
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndObject)
        {
            var name = JsonTokens.FindText(_reader);
            _reader.Read();
            if (_reader.TokenType == JsonTokenType.Null)
            {
                continue;
            }

            switch (name)
            {
                case "url":
                    SetUrl(request, ReadText(name));
                    break;
                case "method":
                    request.Method = ReadText(name);
                    break;
                case "payload" or "data":
                    if (body is not null && body != name)
                    {
                        _submission.AddProblem(name, $"must not be given beside {body}: both are the body");
                    }

                    body = name;
                    request.Body = JsonValues.ReadRaw(ref _reader, _json);
                    break;
                case BinaryBody.Property:
                    encoding = ReadText(name);
                    break;
                case "params":
                    ReadParams(request);
                    break;
                case "headers":
                    ReadHeaders(request);
                    break;
                case "depends_on" or "dependsOn":
                    _submission.AddProblem("depends_on", V0RunWhen.FindKeysProblem(ref _reader, request));
                    break;
                case "run_when" or "runWhen":
                    _submission.AddProblem("run_when", V0RunWhen.FindProblem(ref _reader, request));
                    break;
                default:
                    _reader.Skip();
                    break;
            }
        }

        if (BinaryBody.DecodeJson(request, encoding, body ?? "payload") is { } problem)
        {
            _submission.AddProblem(problem.Field, problem.Message);
        }

        if (request.Path.Length == 0)
        {
            _submission.AddProblem("url", "is required");
        }
    }

    private void ReadParams(Request request)
    {
        if (_reader.TokenType == JsonTokenType.StartObject)
        {
            if (JsonValues.ReadParams(ref _reader, _json, request) is { } problem)
            {
                _submission.AddProblem("params", problem);
            }

            return;
        }

        _submission.AddProblem("params", "must be an object");
        _reader.Skip();
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
            }
            else
            {
                if (!request.Headers.TryAdd(name, ReadText($"headers[{name}]")))
                {
                    _submission.AddProblem($"headers[{name}]", "is given twice");
                }
            }
        }
    }

    private string ReadText(string property)
    {
        if (_reader.TokenType == JsonTokenType.String)
        {
            if (JsonTokens.FindText(_reader) is { } text)
            {
                return text;
            }

            _submission.AddProblem(property, "is not valid Unicode");
            return "";
        }

        _submission.AddProblem(property, "must be a string");
        _reader.Skip();
        return "";
    }

    private static void SetUrl(Request request, string url) => request.Path = V2Submission.Resolve(url);
}
