namespace Batching.Engine.Spawning;

/// <summary>The ways in which a page may show the next one.</summary>
internal enum NextKind
{
    /// <summary>The header field <c>Link</c>.</summary>
    LinkHeader,

    /// <summary>A header field whose text a parameter of the next request carries.</summary>
    CursorHeader,

    /// <summary>A URL in the body, itself or as <c>href</c>.</summary>
    Url,

    /// <summary>A text in the body that a parameter of the next request carries.</summary>
    Cursor,

    /// <summary>The same in the last item.</summary>
    LastItem,

    /// <summary>A truth value that tells no more than that there is a next page.</summary>
    Flag,
}
