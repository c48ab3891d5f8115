namespace Batching.Server.Tests.Spawning;

/// <summary>A spawner as it is posted.</summary>
internal static class SpawnerJson
{
    public static string Of(string path, string style, string pagination = "", string parameters = "") =>
        $$"""
        {"path": "{{path}}/{{style}}", "spawner": true, "params": { {{parameters}} },
         "pagination": {"style": "{{style}}" {{(pagination.Length > 0 ? "," : "")}} {{pagination}} } }
        """;
}
