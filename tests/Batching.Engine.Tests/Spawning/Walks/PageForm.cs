namespace Batching.Engine.Tests.Spawning.Walks;

/// <summary>How a page of a simulated API shows the next one.</summary>
internal enum PageForm
{
    Cursor,
    Link,
    Next,
    ODataNextLink,
    NextObject,
    JsonApiLinks,
    HalLinks,
    PagingNext,
    NextPageToken,
    NextPageTokenSnake,
    NextCursor,
    MetaNextCursor,
    ResponseMetadata,

    /// <summary>How many of them the style AUTO finds.</summary>
    Auto,

    /// <summary>Not at all.</summary>
    Plain = Auto,
}
