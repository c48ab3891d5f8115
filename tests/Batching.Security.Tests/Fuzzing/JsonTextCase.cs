using System.Text;

namespace Batching.Security.Tests.Fuzzing;

/// <summary>A call of the fuzz test: the params that it has, and the reply that it gets.</summary>
/// <param name="Params">The params as JSON text.</param>
/// <param name="Query">The query that they are, without the question mark.</param>
/// <param name="ContentType">The content type of the reply, as servers write it.</param>
/// <param name="HasMark">Whether the reply begins with a byte order mark.</param>
/// <param name="Json">The reply.</param>
/// <param name="KeyedJson">The members that its entry in a keyed batch has behind <c>headers</c>.</param>
internal sealed record JsonTextCase(
    string Params, string Query, string ContentType, bool HasMark, string Json, string KeyedJson)
{
    private static readonly string[] ContentTypes =
    [
        "application/json", "application/json;", "application/json; charset=utf-8", "Application/JSON;;charset=",
        "application/json;charset=utf8;charset=latin1", "text/html, application/json", "application/vnd.api+json",
        "application/problem+json; charset='utf-8'", "text/json",
    ];

    /// <summary>The reply as it is sent.</summary>
    public byte[] Body => Encoding.UTF8.GetBytes(HasMark ? "\uFEFF" + Json : Json);

    /// <summary>The case of a number; always the same for one seed.</summary>
    public static JsonTextCase Create(int seed, int number)
    {
        var random = new Random(HashCode.Combine(seed, number) ^ seed);
        var generator = new JsonTextGenerator(random);
        var (parameters, query) = generator.Params();
        string json;
        string keyed;
        if (random.Next(3) == 0)
        {
            // An envelope of its own, as keyed batches have it.
            var members = generator.Members(4)
                .Append(("\"data\"", "1.50"))
                .Select(member => $"{member.Item1}{generator.Blank()}:{generator.Blank()}{member.Item2}")
                .ToList();
            json = $"{{{generator.Blank()}{string.Join($"{generator.Blank()},{generator.Blank()}", members)}{generator.Blank()}}}";
            keyed = string.Join(',', members);
        }
        else
        {
            json = generator.Document();
            keyed = $"\"data\":{json}";
        }

        return new JsonTextCase(
            parameters, query, ContentTypes[random.Next(ContentTypes.Length)], random.Next(8) == 0, json, keyed);
    }
}
