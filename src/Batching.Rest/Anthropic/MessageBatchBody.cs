using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Batching.Rest.Calls;
using Batching.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Batching.Rest.Anthropic;

/// <summary>
/// The body of a submission, <c>{"requests": […]}</c>, which is read as it comes: no more than one request and what arrived with it is in memory.
/// For one call.
/// </summary>
/// <param name="reader">The body.</param>
/// <param name="options">How large it may be.</param>
/// <param name="depth">Levels of its JSON.</param>
/// <param name="headers">Header fields that each request is sent with.</param>
internal sealed class MessageBatchBody(
    PipeReader reader, AnthropicOptions options, int depth, IReadOnlyDictionary<string, string> headers)
{
    private const string Endpoint = "/v1/messages";
    private const string ListName = "requests";

    // Requests that are handed over together.
    private const int PartBytes = 128 * 1024;
    private const int PartCount = 500;

    private JsonReaderState _state = new(new JsonReaderOptions { MaxDepth = depth });
    private Place _place = Place.Start;
    private List<Request> _requests = [];
    private int _count;
    private int _partBytes;
    private long _bytes;
    private long _tryAt;

    private enum Place
    {
        Start,
        InObject,
        BeforeList,
        InList,
        BeforeOther,
        End,
    }

    /// <summary>Reads the requests.</summary>
    /// <exception cref="RefusedCallException">The body is not what it should be.</exception>
    public async IAsyncEnumerable<IReadOnlyList<Request>> ReadAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (_place != Place.End)
        {
            var result = await reader.ReadAsync(cancellationToken);
            var rest = result.Buffer;
            while ((rest.Length >= _tryAt || result.IsCompleted) && TryRead(ref rest, result.IsCompleted))
            {
                _tryAt = 0;
                if (_partBytes >= PartBytes || _requests.Count == PartCount)
                {
                    yield return _requests;
                    (_requests, _partBytes) = ([], 0);
                }
            }

            if (result.IsCompleted && _place != Place.End)
            {
                reader.AdvanceTo(rest.End);
                throw new RefusedCallException("", "The body is not the JSON that it should be, or is cut off.");
            }

            // A large request comes in many pieces, and is looked at from its start each time.
            _tryAt = Math.Max(_tryAt, rest.Length + (rest.Length / 2));
            _bytes += result.Buffer.Length - rest.Length;
            CheckSize(rest.Length);
            reader.AdvanceTo(rest.Start, rest.End);
        }

        await ReadRestAsync(cancellationToken);
        if (_requests.Count > 0)
        {
            yield return _requests;
        }
    }

    // Behind the object there must be nothing but white space.
    private async ValueTask ReadRestAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var result = await reader.ReadAsync(cancellationToken);
            foreach (var part in result.Buffer)
            {
                Expect(!part.Span.ContainsAnyExcept(" \t\r\n"u8), "", "The body is not valid JSON: something follows behind the object.");
            }

            _bytes += result.Buffer.Length;
            reader.AdvanceTo(result.Buffer.End);
            CheckSize(waiting: 0);
            if (result.IsCompleted)
            {
                return;
            }
        }
    }

    private void CheckSize(long waiting)
    {
        if (_bytes + waiting > options.BodyBytes)
        {
            throw TooLarge("The body", options.BodyBytes, nameof(options.BodyBytes));
        }

        if (waiting > options.RequestBytes)
        {
            throw TooLarge($"{ListName}[{_count}]", options.RequestBytes, nameof(options.RequestBytes));
        }
    }

    private static RefusedCallException TooLarge(string what, long limit, string option) => new(CallError.Of(
        CallErrorKinds.TooLarge,
        string.Create(CultureInfo.InvariantCulture, $"{what} has more than {limit} bytes ({AnthropicOptions.KeyOf(option)}).")));

    // One step. False if it needs more of the body.
    private bool TryRead(ref ReadOnlySequence<byte> rest, bool isFinal)
    {
        if (_place == Place.End)
        {
            return false;
        }

        try
        {
            var json = new Utf8JsonReader(rest, isFinal, _state);
            if (!TryStep(ref json, rest))
            {
                return false;
            }

            _state = json.CurrentState;
            rest = rest.Slice(json.BytesConsumed);
            return true;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new RefusedCallException("", "The body is not valid JSON.");
        }
    }

    private bool TryStep(ref Utf8JsonReader json, ReadOnlySequence<byte> rest)
    {
        if (!json.Read())
        {
            return false;
        }

        switch (_place)
        {
            case Place.Start:
                Expect(json.TokenType == JsonTokenType.StartObject, "", "The body must be a JSON object.");
                _place = Place.InObject;
                return true;
            case Place.InObject when json.TokenType == JsonTokenType.PropertyName:
                _place = json.ValueTextEquals(ListName) ? Place.BeforeList : Place.BeforeOther;
                return true;
            case Place.InObject:
                Expect(_count > 0, ListName, "must hold at least one request");
                _place = Place.End;
                return true;
            case Place.BeforeList:
                Expect(json.TokenType == JsonTokenType.StartArray && _count == 0, ListName, "must be a list, and given once");
                _place = Place.InList;
                return true;
            case Place.BeforeOther when json.TrySkip():
                _place = Place.InObject;
                return true;
            case Place.InList when json.TokenType == JsonTokenType.EndArray:
                _place = Place.InObject;
                return true;
            case Place.InList:
                var start = json.TokenStartIndex;
                if (!json.TrySkip())
                {
                    return false;
                }

                Add(rest.Slice(start, json.BytesConsumed - start));
                return true;
            default:
                return false;
        }
    }

    private void Add(ReadOnlySequence<byte> element)
    {
        var field = $"{ListName}[{_count}]";
        Expect(++_count <= options.Requests, ListName, string.Create(
            CultureInfo.InvariantCulture,
            $"holds more than {options.Requests} requests ({AnthropicOptions.KeyOf(nameof(options.Requests))})"));
        var request = new Request { Path = Endpoint, Method = "POST" };
        foreach (var (name, value) in headers)
        {
            request.Headers[name] = value;
        }

        Read(element, field, request);
        _requests.Add(request);
        _partBytes += request.Body.Length;
    }

    private void Read(ReadOnlySequence<byte> element, string field, Request request)
    {
        var json = new Utf8JsonReader(element, new JsonReaderOptions { MaxDepth = depth });
        json.Read();
        Expect(json.TokenType == JsonTokenType.StartObject, field, "must be an object");
        var hasParams = false;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var (isId, isParams) = (json.ValueTextEquals("custom_id"u8), json.ValueTextEquals("params"u8));
            json.Read();
            if (isId && json.TokenType == JsonTokenType.String)
            {
                request.Key = json.GetString()!;
            }
            else if (isParams && json.TokenType == JsonTokenType.StartObject)
            {
                hasParams = true;
                var start = json.TokenStartIndex;
                CheckParams(ref json, field);
                request.Body = ByteString.CopyFrom(element.Slice(start, json.BytesConsumed - start).ToArray());
            }

            json.Skip();
        }

        Expect(request.Key.Length > 0, $"{field}.custom_id", "is required, and a text");
        Expect(hasParams, $"{field}.params", "is required, and an object");
    }

    // Looks for what a batch can't have, and stays at the end of the object.
    private static void CheckParams(ref Utf8JsonReader json, string field)
    {
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var isStream = json.ValueTextEquals("stream"u8);
            json.Read();
            Expect(!isStream || json.TokenType != JsonTokenType.True, $"{field}.params.stream", "must not be true: a batch has no streams");
            json.Skip();
        }
    }

    private static void Expect(bool isSo, string field, string message)
    {
        if (!isSo)
        {
            throw new RefusedCallException(field, message);
        }
    }
}
