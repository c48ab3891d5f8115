namespace Batching.Interop.Tests.Documents;

/// <summary>A block of code in a page.</summary>
/// <param name="Page">The page, relative to the root of the sources.</param>
/// <param name="Line">The line at which it begins, from 1.</param>
/// <param name="Language">The word behind the fence; empty if there is none.</param>
/// <param name="Text">What is in it.</param>
/// <param name="Marker">What the comment <c>&lt;!-- test: … --&gt;</c> in front of it says; empty if there is none.</param>
internal sealed record PageBlock(string Page, int Line, string Language, string Text, string Marker)
{
    /// <summary>The beginning of a marker that excuses a block; the reason follows.</summary>
    public const string Excuse = "not run: ";

    /// <summary>The marker of what the block before has written.</summary>
    public const string Output = "output";

    /// <summary>The beginning of a marker of what is posted; the path follows.</summary>
    public const string Post = "post ";

    /// <summary>The beginning of a marker of a request that is posted in a list; the path follows.</summary>
    public const string PostInList = "post in a list ";

    /// <summary>
    /// The beginning of a marker of a reply of which names and kinds of values count; a path follows, and what else curl is given. What was
    /// posted last is <c>$id</c>, and is done.
    /// </summary>
    public const string Shape = "shape ";

    /// <summary>The marker of settings with which a gateway starts.</summary>
    public const string Settings = "settings";

    private static readonly string[] Shells = ["sh"];
    private static readonly string[] Checked = ["sh", "json"];

    /// <summary>Whether it is commands.</summary>
    public bool IsShell => Shells.Contains(Language);

    /// <summary>Whether a test has to do something with it, or say why not.</summary>
    public bool HasToBeChecked => Checked.Contains(Language) || Marker.Length > 0;

    /// <summary>Whether it is the shape of a reply.</summary>
    public bool IsShape => Marker.StartsWith(Shape, StringComparison.Ordinal);

    /// <summary>Whether it is excused.</summary>
    public bool IsExcused => Marker.StartsWith(Excuse, StringComparison.Ordinal);

    /// <summary>Where it is, for messages.</summary>
    public override string ToString() => $"{Page}:{Line}";
}
