using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Batching.Engine.Configuration;
using Batching.Engine.Content;
using Batching.Engine.Model;
using Batching.Rest.Calls;
using Batching.Rest.Dialects;
using Batching.Rest.Requests;
using Batching.V1;

namespace Batching.Rest.Graph;

/// <summary>
/// Reads the body of a batch (OData JSON Format 4.01, section 19.1). What is wrong with the batch is noted, and so is what is
/// wrong with one request, which leaves the others alone.
/// </summary>
internal ref partial struct GraphRequestReader
{
    private readonly ReadOnlySequence<byte> _json;
    private readonly GraphSubmission _submission;
    private readonly GraphOptions _options;
    private readonly LimitOptions _limits;
    private readonly string? _credential;
    private Utf8JsonReader _reader;

    private GraphRequestReader(
        in ReadOnlySequence<byte> json, GraphOptions options, LimitOptions limits, string? credential, GraphSubmission submission)
    {
        _json = json;
        _options = options;
        _limits = limits;
        _credential = credential;
        _submission = submission;
        _reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = limits.JsonDepth });
    }

    /// <summary>Reads all requests.</summary>
    /// <param name="json">The body.</param>
    /// <param name="options">The dialect's options.</param>
    /// <param name="limits">The gateway's limits.</param>
    /// <param name="credential">The <c>Authorization</c> of the batch, which clients repeat in its requests.</param>
    /// <param name="submission">Gets the requests.</param>
    /// <exception cref="RefusedCallException">The body is no object with an array of requests.</exception>
    public static void Read(
        in ReadOnlySequence<byte> json, GraphOptions options, LimitOptions limits, string? credential, GraphSubmission submission)
    {
        if (json.IsEmpty)
        {
            throw new RefusedCallException("body", "must be a JSON object with an array of requests, but is empty");
        }

        try
        {
            new GraphRequestReader(json, options, limits, credential, submission).ReadBatch();
        }
        catch (Exception exception) when (JsonValues.IsOfReader(exception))
        {
            throw JsonValues.Refuse("body", json, limits.JsonDepth, exception);
        }
    }

    /// <summary>A body is kept as it is.</summary>
    public static bool KeepsRaw(in Utf8JsonReader name) => name.CurrentDepth == 3 && JsonTokens.Matches(name, "body"u8);

    private void ReadBatch()
    {
        _reader.Read();
        var found = false;
        if (_reader.TokenType == JsonTokenType.StartObject)
        {
            while (_reader.Read() && _reader.TokenType != JsonTokenType.EndObject)
            {
                var isRequests = JsonTokens.Matches(_reader, "requests"u8);
                _reader.Read();
                if (isRequests && !found && _reader.TokenType == JsonTokenType.StartArray)
                {
                    found = true;
                    ReadRequests();
                }
                else if (isRequests && found)
                {
                    _submission.Refuse(new Problem("requests", "is given twice"));
                    _reader.Skip();
                }
                else
                {
                    // Annotations.
                    _reader.Skip();
                }
            }
        }
        else
        {
            _reader.Skip();
        }

        // Throws if anything but white space follows.
        _reader.Read();
        if (!found)
        {
            throw new RefusedCallException("requests", "is required: an array of requests");
        }
    }

    private void ReadRequests()
    {
        var count = 0;
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
        {
            count++;
            if (count > _options.MaxRequests)
            {
                _reader.Skip();
                continue;
            }

            var request = _submission.Add();
            if (_reader.TokenType == JsonTokenType.StartObject)
            {
                ReadRequest(request);
            }
            else
            {
                _submission.Refuse(new Problem(
                    string.Create(CultureInfo.InvariantCulture, $"requests[{count - 1}]"), "must be an object"));
                _reader.Skip();
            }
        }

        if (count > _options.MaxRequests)
        {
            _submission.Refuse(new Problem("requests", string.Create(
                CultureInfo.InvariantCulture,
                $"holds {count} requests; the limit is {_options.MaxRequests} ({DialectOptions.Section}:{nameof(DialectOptions.Graph)}:{nameof(GraphOptions.MaxRequests)})")));
        }
    }

    private void ReadRequest(Request request)
    {
        string? id = null;
        string? group = null;
        string? url = null;
        var needed = new List<string>();
        var body = default(Utf8JsonReader);
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
                case "id":
                    id = FindText();
                    break;
                case "atomicityGroup":
                    if ((group = FindText()) is null)
                    {
                        _submission.Refuse(name, "must be a string");
                    }

                    break;
                case "dependsOn":
                    ReadDependencies(needed);
                    break;
                case "method":
                    request.Method = ReadText(name);
                    break;
                case "url":
                    url = ReadText(name);
                    break;
                case "headers":
                    ReadHeaders(request);
                    break;
                case "body":
                    body = _reader;
                    _reader.Skip();
                    break;
                case "if":
                    // What the standard has a service answer that has no such conditions.
                    _submission.Reject(424, "This gateway does not know conditions: a request with 'if' is not made.");
                    _reader.Skip();
                    break;
                default:
                    _reader.Skip();
                    break;
            }
        }

        SetUrl(request, url);
        if (request.Method.Length == 0)
        {
            _submission.AddProblem("method", "is required");
        }

        if (body.TokenType != JsonTokenType.None && GraphBody.Set(request, ref body, _json) is { } problem)
        {
            _submission.AddProblem("body", problem);
        }

        _submission.Identify(id, group, needed);
    }

    private void SetUrl(Request request, string? url)
    {
        if (string.IsNullOrEmpty(url))
        {
            _submission.AddProblem("url", "is required");
            return;
        }

        // Section 19.1: "$" and an id stand for the URL of what that request has created or returned.
        if (url[0] == '$')
        {
            var end = url.AsSpan().IndexOfAny('/', '?');
            if (_submission.HasId(end < 0 ? url[1..] : url[1..end]))
            {
                _submission.Reject(501, "This gateway does not put the result of a request into the URL of another one.");
            }
        }

        request.Path = GraphUrl.ToPath(_options.BasePath, url, _limits.PathLength);
    }
}
