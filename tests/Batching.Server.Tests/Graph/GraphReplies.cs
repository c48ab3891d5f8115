using System.Text.Json;

namespace Batching.Server.Tests.Graph;

/// <summary>Reads responses of a batch.</summary>
internal static class GraphReplies
{
    public static int Status(this JsonElement response) => response.GetProperty("status").GetInt32();

    /// <summary>The message of an error, of the batch or of one response.</summary>
    public static string? Message(this JsonElement response) =>
        (response.TryGetProperty("body", out var body) ? body : response).GetProperty("error").GetProperty("message").GetString();
}
