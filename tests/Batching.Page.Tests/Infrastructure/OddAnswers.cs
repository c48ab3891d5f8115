using System.Globalization;

namespace Batching.Page.Tests.Infrastructure;

/// <summary>Bodies that mean the page no good, or ask much of it.</summary>
internal static class OddAnswers
{
    /// <summary>Set by every script that should not have run.</summary>
    public const string Trap = "globalThis.trapped = true";

    public const string Html =
        $"<img src=x onerror=\"{Trap}\"><script>{Trap}</script><iframe srcdoc=\"<script>parent.trapped = true</script>\"></iframe>";

    public const string Svg = $"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"{Trap}\"><script>{Trap}</script></svg>";

    public const string Json =
        $$$"""{"<b onclick='{{{Trap}}}'>": "<script>{{{Trap}}}</script>", "__proto__": {"polluted": true}, "big": 12345678901234567890, "price": 1.10, "deep": {"a": [1, {"b": null}]}}""";

    public static readonly string LongArray =
        $"[{string.Join(',', Enumerable.Range(0, 1000).Select(number => number.ToString(CultureInfo.InvariantCulture)))}]";
}
