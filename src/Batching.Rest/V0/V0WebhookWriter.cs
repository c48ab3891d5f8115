using System.Text.Json;
using Batching.V1;
using Microsoft.AspNetCore.Http;

namespace Batching.Rest.V0;

/// <summary>Writes what is about webhooks as the v0 paths have it.</summary>
internal static class V0WebhookWriter
{
    /// <summary>The messages of a batch.</summary>
    public static void WriteList(Utf8JsonWriter json, IEnumerable<WebhookMessage> messages)
    {
        json.WriteStartObject();
        json.WriteStartArray("Webhooks"u8);
        foreach (var message in messages)
        {
            Write(json, message);
        }

        json.WriteEndArray();
        WriteSuccess(json);
    }

    /// <summary>One message.</summary>
    public static void WriteMessage(Utf8JsonWriter json, WebhookMessage message)
    {
        json.WriteStartObject();
        json.WritePropertyName("Webhook"u8);
        Write(json, message);
        WriteSuccess(json);
    }

    /// <summary>The secret of an owner.</summary>
    public static void WriteSecret(Utf8JsonWriter json, string secret)
    {
        json.WriteStartObject();
        json.WriteString("secret"u8, secret);
        WriteSuccess(json);
    }

    /// <summary>The wish to be told of a batch, as a member of it.</summary>
    public static void WriteNotify(Utf8JsonWriter json, Notify notify)
    {
        json.WriteStartObject("notify"u8);
        json.WriteString("url"u8, notify.Url);
        json.WriteStartArray("events"u8);
        foreach (var name in notify.Events)
        {
            json.WriteStringValue(name);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, WebhookMessage message)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, message.Id);
        json.WriteString("event"u8, message.Event);
        json.WriteString("url"u8, message.Url);
        json.WriteString("state"u8, NameOf(message.State));
        json.WriteNumber("created"u8, message.CreateTime.Seconds);
        json.WriteNumber("attempts"u8, message.Attempts);
        if (message.AttemptTime is { } attempted)
        {
            json.WriteNumber("attempted"u8, attempted.Seconds);
        }

        if (message.StatusCode != 0)
        {
            json.WriteNumber("statusCode"u8, message.StatusCode);
        }

        if (message.Error.Length > 0)
        {
            json.WriteString("error"u8, message.Error);
        }

        if (message.NextAttemptTime is { } next)
        {
            json.WriteNumber("nextAttempt"u8, next.Seconds);
        }

        json.WriteEndObject();
    }

    // The names of the contract without their prefix.
    private static string NameOf(WebhookState state) => state switch
    {
        WebhookState.Waiting => "WAITING",
        WebhookState.Delivered => "DELIVERED",
        WebhookState.GivenUp => "GIVEN_UP",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "Not a state that is known."),
    };

    private static void WriteSuccess(Utf8JsonWriter json)
    {
        json.WriteNumber("statusCode"u8, StatusCodes.Status200OK);
        json.WriteEndObject();
    }
}
