using System.Globalization;
using System.Text.Json;
using Batching.Rest.Anthropic;
using Batching.Rest.Graph;
using Batching.Rest.OpenAi;
using Batching.Rest.Replies;
using Batching.Rest.Requests;
using Batching.Rest.V0;
using Batching.Rest.V2;
using Google.Protobuf;
using Google.Rpc;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using HttpRequest = Microsoft.AspNetCore.Http.HttpRequest;
using HttpResponse = Microsoft.AspNetCore.Http.HttpResponse;

namespace Batching.Rest.Calls;

/// <summary>The form of the JSON below a path, as far as all its calls share it: its errors.</summary>
internal sealed class RestForm
{
    private const string SuppressParameter = "suppressresponsecodes";

    private static readonly JsonFormatter Formatter =
        new(JsonFormatter.Settings.Default.WithFormatDefaultValues(true).WithTypeRegistry(ErrorDetails.Types));

    private static readonly RestForm[] Own =
    [
        new("/api/v0", V0Errors.Write),
        new("/api/v2", V2Errors.Write),
    ];

    private readonly PathString _prefix;
    private readonly Action<Utf8JsonWriter, int, Status> _writeError;
    private readonly bool _canSuppressStatus;

    private RestForm(
        PathString prefix, Action<Utf8JsonWriter, int, Status> writeError, bool canSuppressStatus = true)
    {
        _prefix = prefix;
        _writeError = writeError;
        _canSuppressStatus = canSuppressStatus;
    }

    /// <summary>The form of what has none of its own: proto3 JSON, whose errors are a <c>google.rpc.Status</c>.</summary>
    public static RestForm Canonical { get; } = new("", WriteCanonical, canSuppressStatus: false);

    /// <summary>The form of OpenAI's Batch API.</summary>
    public static RestForm OpenAi { get; } = new("", OpenAiErrors.Write, canSuppressStatus: false);

    /// <summary>The form of Anthropic's Message Batches API.</summary>
    public static RestForm Anthropic { get; } = new("", AnthropicErrors.Write, canSuppressStatus: false);

    /// <summary>The form of the batches of Microsoft Graph, whose path is configured: its endpoint has it.</summary>
    public static RestForm Graph { get; } = new("", GraphErrors.Write, canSuppressStatus: false);

    /// <summary>The form that the path of a call has of its own; null if its JSON is the official transcoder's.</summary>
    public static RestForm? Find(HttpContext context)
    {
        // That of a dialect, whose paths are a matter of configuration.
        if ((context.Features.Get<RestForm>() ?? context.GetEndpoint()?.Metadata.GetMetadata<RestForm>()) is { } dialect)
        {
            return dialect;
        }

        foreach (var form in Own)
        {
            if (context.Request.Path.StartsWithSegments(form._prefix))
            {
                return form;
            }
        }

        return null;
    }

    /// <summary>RFC 9110, section 10.2.3: whole seconds, rounded up so that nobody comes back too early.</summary>
    public static void AddRetryAfter(HttpResponse response, Status status)
    {
        foreach (var detail in status.Details)
        {
            if (detail.TryUnpack<RetryInfo>(out var retry) && retry.RetryDelay is { Seconds: >= 0 } delay)
            {
                response.Headers.RetryAfter =
                    (delay.Seconds + (delay.Nanos > 0 ? 1 : 0)).ToString(CultureInfo.InvariantCulture);
            }
        }
    }

    /// <summary>Answers a call with an error. Nobody else can begin a reply afterwards.</summary>
    public Task ReplyAsync(HttpContext context, CallError error)
    {
        AddRetryAfter(context.Response, error.Status);
        return JsonReply.WriteAsync(
            context,
            _canSuppressStatus && SuppressesStatus(context.Request) ? StatusCodes.Status200OK : error.HttpStatus,
            reply =>
            {
                _writeError(reply.Json, error.HttpStatus, error.Status);
                return ValueTask.CompletedTask;
            });
    }

    // Looked for in the query itself: an error may come before the query is read.
    private static bool SuppressesStatus(HttpRequest request)
    {
        var suppresses = false;
        foreach (var parameter in new QueryStringEnumerable(request.QueryString.Value))
        {
            if (QueryFields.Fold(parameter.DecodeName().Span) == SuppressParameter)
            {
                suppresses = QueryFields.ParseBoolean(parameter.DecodeValue().Span) == true;
            }
        }

        return suppresses;
    }

    private static void WriteCanonical(Utf8JsonWriter json, int httpStatus, Status status)
    {
        json.WriteStartObject();
        json.WriteNumber("code"u8, status.Code);
        json.WriteString("message"u8, status.Message);
        json.WriteStartArray("details"u8);
        foreach (var detail in status.Details)
        {
            json.WriteRawValue(Formatter.Format(detail), skipInputValidation: true);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
