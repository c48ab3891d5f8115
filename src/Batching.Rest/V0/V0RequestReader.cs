using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Batching.Engine.Content;
using Batching.Engine.Model;
using Batching.Rest.Calls;
using Batching.Rest.Requests;
using Batching.V1;
using Google.Protobuf;

namespace Batching.Rest.V0;

/// <summary>
/// Reads requests: the array of <c>POST /api/v0/batch</c>, or one that stands alone. What is no JSON is refused at once; what is JSON
/// but not as it should be is noted, so that the caller is told everything at once.
/// </summary>
internal ref partial struct V0RequestReader
{
    private const int MaxProblems = 100;

    private readonly ReadOnlySequence<byte> _json;
    private readonly List<Problem> _problems;
    private Utf8JsonReader _reader;
    private string _field = "";

    // Of the request that is being read: null while nothing is said.
    private string? _bodyEncoding;
    private JsonTokenType _bodyToken;

    private V0RequestReader(in ReadOnlySequence<byte> json, int maxDepth, List<Problem> problems)
    {
        _json = json;
        _problems = problems;
        _reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = maxDepth });
    }

    private void ReadBatch(CreateBatchRequest request)
    {
        if (_json.IsEmpty)
        {
            throw new RefusedCallException("requests", "must be a JSON array of requests, but the body is empty");
        }

        _reader.Read();
        if (_reader.TokenType != JsonTokenType.StartArray)
        {
            _reader.Skip();
            _reader.Read();
            throw new RefusedCallException("requests", "must be a JSON array of requests");
        }

        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
        {
            _field = string.Create(CultureInfo.InvariantCulture, $"requests[{request.Requests.Count}]");
            request.Requests.Add(ReadRequest());
        }
    }

    private Request ReadOne()
    {
        _reader.Read();
        return ReadRequest();
    }

    private void ReadOnePagination(Request request)
    {
        _reader.Read();
        ReadPagination(request);
    }

    private Request ReadRequest()
    {
        var request = new Request();
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            AddProblem("", "must be an object");
            _reader.Skip();
            return request;
        }

        (_bodyEncoding, _bodyToken) = (null, JsonTokenType.None);
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndObject)
        {
            var name = JsonTokens.FindText(_reader);
            _reader.Read();
            if (_reader.TokenType == JsonTokenType.Null)
            {
                continue;
            }

            ReadProperty(request, name);
        }

        // They may come in any order.
        if (BinaryBody.Decode(request, _bodyEncoding, "body", _bodyToken == JsonTokenType.String) is { } problem)
        {
            AddProblem($".{problem.Field}", problem.Message);
        }

        return request;
    }

    private void ReadProperty(Request request, string? name)
    {
        switch (name)
        {
            case "path":
                request.Path = ReadText(".path");
                break;
            case "method":
                request.Method = ReadText(".method");
                break;
            case "params":
                ReadParams(request);
                break;
            case "body":
                _bodyToken = _reader.TokenType;
                SetBody(request, _reader.TokenType == JsonTokenType.String
                    ? ByteString.CopyFromUtf8(_reader.GetString()!)
                    : JsonValues.ReadRaw(ref _reader, _json));
                break;
            case BinaryBody.Property:
                _bodyEncoding = ReadText($".{BinaryBody.Property}");
                break;
            case "headers":
                ReadHeaders(request);
                break;
            case "key":
                request.Key = ReadText(".key");
                break;
            case "depends_on" or "dependsOn":
                if (V0RunWhen.FindKeysProblem(ref _reader, request) is { } badKeys)
                {
                    AddProblem(".depends_on", badKeys);
                }

                break;
            case "run_when" or "runWhen":
                if (V0RunWhen.FindProblem(ref _reader, request) is { } badRule)
                {
                    AddProblem(".run_when", badRule);
                }

                break;
            case "references":
                request.References = ReadBoolean(".references");
                break;
            case "spawner":
                request.Spawner = ReadBoolean(".spawner");
                break;
            case "pagination":
                ReadPagination(request);
                break;
            default:
                _reader.Skip();
                break;
        }
    }

    private void ReadPagination(Request request)
    {
        if (_reader.TokenType == JsonTokenType.String)
        {
            request.Pagination = new Pagination { Preset = _reader.GetString()! };
            return;
        }

        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            AddProblem(".pagination", "must be an object, or the name of a preset");
            _reader.Skip();
            return;
        }

        request.Pagination = new Pagination();
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndObject)
        {
            var name = _reader.GetString()!;
            _reader.Read();
            if (_reader.TokenType != JsonTokenType.Null && V0Pagination.FindProblem(ref _reader, request.Pagination, name) is { } problem)
            {
                AddProblem($".pagination.{name}", problem);
            }
        }
    }

    // Old clients post lists as params: those are the body.
    private void ReadParams(Request request)
    {
        switch (_reader.TokenType)
        {
            case JsonTokenType.StartObject:
                if (JsonValues.ReadParams(ref _reader, _json, request) is { } problem)
                {
                    AddProblem(".params", problem);
                }

                break;
            case JsonTokenType.StartArray:
                SetBody(request, JsonValues.ReadRaw(ref _reader, _json));
                break;
            default:
                AddProblem(".params", "must be an object, or an array to be sent as the body");
                break;
        }
    }

    private readonly void SetBody(Request request, ByteString body)
    {
        if (request.Body.Length > 0)
        {
            AddProblem(".body", "is given twice: params that are an array are the body");
        }

        request.Body = body;
    }

    private void ReadHeaders(Request request)
    {
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            AddProblem(".headers", "must be an object of strings");
            _reader.Skip();
            return;
        }

        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndObject)
        {
            var name = _reader.GetString()!;
            _reader.Read();
            if (V0Reference.ReadText(ref _reader) is { } value)
            {
                if (!request.Headers.TryAdd(name, value))
                {
                    AddProblem($".headers[{name}]", "is given twice");
                }
            }
            else
            {
                AddProblem($".headers[{name}]", "must be a string");
                _reader.Skip();
            }
        }
    }

    private string ReadText(string property)
    {
        if (_reader.TokenType == JsonTokenType.String)
        {
            return _reader.GetString()!;
        }

        AddProblem(property, "must be a string");
        _reader.Skip();
        return "";
    }

    private bool ReadBoolean(string property)
    {
        if (_reader.TokenType is JsonTokenType.True or JsonTokenType.False)
        {
            return _reader.GetBoolean();
        }

        AddProblem(property, "must be true or false");
        _reader.Skip();
        return false;
    }

    private readonly void AddProblem(string property, string message)
    {
        if (_problems.Count < MaxProblems)
        {
            _problems.Add(new Problem(_field + property, message));
        }
    }
}
