using Batching.Engine.Content;
using Batching.V1;

namespace Batching.Engine.Spawning;

/// <summary>The next page, as a page shows it.</summary>
/// <param name="Rule">Where it was found.</param>
/// <param name="Text">The URL or the cursor.</param>
/// <param name="Json">The cursor as JSON; null for a URL.</param>
internal readonly record struct NextPage(NextRule Rule, string Text, string? Json = null)
{
    /// <summary>The same with what is to be made of the cursor.</summary>
    /// <exception cref="FormatException">It is not what that is made of.</exception>
    public NextPage Transformed(CursorTransform transform)
    {
        if (transform == CursorTransform.Unspecified)
        {
            return this;
        }

        var key = new byte[Text.Length];
        if (!Convert.TryFromBase64String(Text, key, out var length))
        {
            throw new FormatException($"The cursor {CallerText.Quote(Text)} in the page is not base64.");
        }

        var text = Convert.ToBase64String([.. key.AsSpan(0, length), 0]);
        return this with { Text = text, Json = JsonParams.Encode(text) };
    }
}
