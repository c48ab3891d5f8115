using System.Text;
using System.Text.Json.Nodes;

namespace Batching.Rest.Tests.OpenApi;

/// <summary>Makes a call of what its operation says, by OpenAPI's rules.</summary>
internal static class ExampleCall
{
    /// <summary>The call of an example: its path, query, header fields and body.</summary>
    public static HttpRequestMessage Create(ApiOperation operation, string example, ExampleValues values)
    {
        var path = operation.Path;
        var query = new List<string>();
        var call = new HttpRequestMessage { Method = new HttpMethod(operation.Verb) };
        foreach (var parameter in operation.Parameters)
        {
            if (parameter["examples"]?[example]?["value"] is not { } value)
            {
                continue;
            }

            var name = parameter["name"]!.GetValue<string>();
            switch (parameter["in"]!.GetValue<string>())
            {
                case "path":
                    path = path.Replace($"{{{name}}}", values.ToReal(TextOf(value)), StringComparison.Ordinal);
                    break;
                case "query":
                    query.AddRange(Write(name, value).Select(values.ToReal));
                    break;
                default:
                    call.Headers.TryAddWithoutValidation(name, TextOf(value));
                    break;
            }
        }

        call.RequestUri = new Uri(query.Count == 0 ? path : $"{path}?{string.Join('&', query)}", UriKind.Relative);
        if (operation.FindBody(example) is { } body)
        {
            call.Content = new StringContent(values.ToReal(body.ToJsonString()), Encoding.UTF8, "application/json");
        }

        return call;
    }

    // Styles: deepObject for objects, form without explode for lists.
    private static IEnumerable<string> Write(string name, JsonNode value) => value switch
    {
        JsonObject members => members.Select(member =>
            $"{name}%5B{Uri.EscapeDataString(member.Key)}%5D={Uri.EscapeDataString(TextOf(member.Value!))}"),
        JsonArray items => [$"{name}={string.Join(',', items.Select(item => Uri.EscapeDataString(TextOf(item!))))}"],
        _ => [$"{name}={Uri.EscapeDataString(TextOf(value))}"],
    };

    private static string TextOf(JsonNode value) =>
        value.GetValueKind() == System.Text.Json.JsonValueKind.String ? value.GetValue<string>() : value.ToJsonString();
}
