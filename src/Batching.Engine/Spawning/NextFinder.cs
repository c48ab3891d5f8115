using System.Text.Json;
using Batching.Engine.Content;
using Batching.Engine.Model;

namespace Batching.Engine.Spawning;

/// <summary>Finds what a page shows of the next one.</summary>
internal static class NextFinder
{
    /// <summary>The next page; null if the page shows none.</summary>
    /// <param name="rules">How the pages of the query follow each other.</param>
    /// <param name="fields">What the header fields of the page show.</param>
    /// <param name="page">The page. Read as far as it has to be.</param>
    /// <param name="before">The rule that has led on before: it ends the reading where it does again. Null for none.</param>
    /// <param name="wantsItems">Whether the items are wanted, too.</param>
    /// <exception cref="FormatException">The page shows a next one in a way that can't be followed, or is no JSON.</exception>
    public static NextPage? Find(
        PageRules rules, in NextFields fields, ref PageReading page, NextRule? before, bool wantsItems)
    {
        var enough = (before ?? (rules.Next.Followed is [var only] ? only : null))?.Slot ?? -1;
        if (rules.LastItemPointer is not null || rules.MoreSlot >= 0)
        {
            page.Read(enough: -1, wantsItems || rules.LastItemPointer is not null);
            return rules.MoreSlot >= 0 && page[rules.MoreSlot].Kind != JsonTokenType.True ? null : FindStated(rules, fields, page);
        }

        page.Read(enough, wantsItems);
        if (FindFollowed(rules, fields, page, out var shown) is { } next)
        {
            return next;
        }

        if (enough >= 0)
        {
            // The reading may have ended at a value that shows none.
            page.Read(enough: -1, wantsItems);
        }

        if ((shown ?? FindShown(rules, fields, page)) is { } unfollowed)
        {
            throw new FormatException(Describe(unfollowed));
        }

        return null;
    }

    // Where it is said what tells of a next page, a page that does has to have the cursor, too.
    private static NextPage? FindStated(PageRules rules, in NextFields fields, in PageReading page)
    {
        var rule = rules.Next.Followed[^1];
        if (rule.IsHeader)
        {
            return FindInHeader(rules, fields, rule) ?? throw NoCursor();
        }

        var next = rule.Kind == NextKind.LastItem
            ? page.CountItems() == 0 ? null : page.FindInLastItem(rules.LastItemPointer!, rules.CursorBodyPointer is not null)
            : ToText(page, rule);
        if (next is { } found)
        {
            return new NextPage(rule, found.Text, found.Json).Transformed(rules.Transform);
        }

        return rules.MoreSlot < 0 ? null : throw NoCursor();
    }

    private static FormatException NoCursor() =>
        new("The page says that there is a next one, and has no cursor that leads to it.");

    /// <summary>Reads a header field by a rule; null if it shows nothing.</summary>
    public static NextPage? FindInHeader(PageRules rules, in NextFields fields, NextRule rule) =>
        fields[rule] is not { } text ? null
        : rule.IsLink ? new NextPage(rule, text)
        : new NextPage(rule, text, JsonParams.Encode(text)).Transformed(rules.Transform);

    private static (string Text, string Json)? ToText(in PageReading page, NextRule rule) =>
        page.FindText(rule.Slot, "cursor") is { } text ? (text, page.TextOf(rule.Slot)) : null;

    /// <summary>Finds a sign of a next page that the style does not follow; null for none.</summary>
    public static NextRule? FindShown(PageRules rules, in NextFields fields, in PageReading page)
    {
        foreach (var rule in rules.Next.Watched)
        {
            if (Shows(rule, fields, page))
            {
                return rule;
            }
        }

        return null;
    }

    /// <summary>A sentence about a next page that is not followed.</summary>
    public static string Describe(NextRule rule) =>
        $"The page shows at '{rule.Name}' that there is a next one, in a way that the style of the query does not follow.";

    private static NextPage? FindFollowed(PageRules rules, in NextFields fields, in PageReading page, out NextRule? shown)
    {
        shown = null;
        foreach (var rule in rules.Next.Followed)
        {
            if (rule.IsHeader)
            {
                if (FindInHeader(rules, fields, rule) is { } next)
                {
                    return next;
                }

                continue;
            }

            // What was configured has to be right; of what is well known another place may be.
            var text = ReferenceEquals(rule, rules.Next.Followed[^1]) ? FindConfigured(rule, page)
                : FindWellKnown(rule, page);
            if (text is not null)
            {
                return rule.IsLink
                    ? new NextPage(rule, text)
                    : new NextPage(rule, text, page.TextOf(rule.Slot)).Transformed(rules.Transform);
            }

            if (shown is null && Shows(rule, fields, page))
            {
                shown = rule;
            }
        }

        return null;
    }

    private static string? FindConfigured(NextRule rule, in PageReading page) => rule.Kind == NextKind.Cursor
        ? page.FindText(rule.Slot, "cursor")
        : page.FindText(page[rule.Slot].Kind == JsonTokenType.StartObject ? rule.HrefSlot : rule.Slot, "next URL");

    private static string? FindWellKnown(NextRule rule, in PageReading page)
    {
        if (rule.Kind == NextKind.Cursor)
        {
            return IsText(page[rule.Slot]) && page.FindText(rule.Slot, "cursor") is { } cursor && !IsZero(rule, page)
                ? cursor
                : null;
        }

        var slot = page[rule.Slot].Kind == JsonTokenType.StartObject ? rule.HrefSlot : rule.Slot;
        return page[slot].Kind == JsonTokenType.String && page.FindText(slot, "next URL") is { } url && LooksLikeUrl(url)
            ? url
            : null;
    }

    private static bool Shows(NextRule rule, in NextFields fields, in PageReading page) => rule.Kind switch
    {
        NextKind.LinkHeader or NextKind.CursorHeader => fields[rule] is not null,
        NextKind.Flag => page[rule.Slot].Kind == JsonTokenType.True,
        _ => page[rule.Slot] switch
        {
            { Kind: JsonTokenType.String } value => value.End - value.Start > 2,
            { Kind: JsonTokenType.Number } => !IsZero(rule, page),
            { Kind: JsonTokenType.StartObject } value => value.End - value.Start > 2 && page[rule.HrefSlot < 0 ? rule.Slot : rule.HrefSlot].Kind
                is not JsonTokenType.Null,
            { Kind: JsonTokenType.True } => true,
            _ => false,
        },
    };

    // Some APIs write 0 where there is none.
    private static bool IsZero(NextRule rule, in PageReading page) =>
        page[rule.Slot].Kind == JsonTokenType.Number && page.FindInteger(rule.Slot) == 0;

    private static bool IsText(PageValue value) => value.Kind is JsonTokenType.String or JsonTokenType.Number;

    // A token, which many APIs have at the same places, has none of these.
    private static bool LooksLikeUrl(string text) =>
        text.StartsWith('/') || text.StartsWith("./", StringComparison.Ordinal) || text.StartsWith("../", StringComparison.Ordinal)
        || text.StartsWith("http:", StringComparison.OrdinalIgnoreCase)
        || text.StartsWith("https:", StringComparison.OrdinalIgnoreCase)
        || text.Contains('?', StringComparison.Ordinal);
}
