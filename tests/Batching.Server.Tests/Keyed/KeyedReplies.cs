using System.Text.Json;
using System.Text.RegularExpressions;

namespace Batching.Server.Tests.Keyed;

/// <summary>Reads replies.</summary>
internal static partial class KeyedReplies
{
    /// <summary>The reply with the one header value that is different each time replaced.</summary>
    public static string WithoutDates(string reply) => Date().Replace(reply, "\"date\":\"*\"");

    public static JsonElement Parse(string reply) => JsonDocument.Parse(reply).RootElement;

    public static int Status(this JsonElement entry) =>
        entry.GetProperty("headers").GetProperty("response_code").GetInt32();

    /// <summary>The code of an entry that the gateway has answered itself.</summary>
    public static string? Code(this JsonElement entry) => entry.GetProperty("data").GetProperty("code").GetString();

    public static string? Message(this JsonElement entry) => entry.GetProperty("data").GetProperty("message").GetString();

    [GeneratedRegex("\"date\":\"[^\"]*\"")]
    private static partial Regex Date();
}
