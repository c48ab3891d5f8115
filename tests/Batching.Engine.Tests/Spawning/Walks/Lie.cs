namespace Batching.Engine.Tests.Spawning.Walks;

/// <summary>What a simulated API does not do as a client would expect.</summary>
public enum Lie
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>It tells a larger total than there is.</summary>
    TotalTooHigh,

    /// <summary>It tells a smaller one.</summary>
    TotalTooLow,

    /// <summary>It gives fewer items a page than it is asked for.</summary>
    HiddenCap,

    /// <summary>Behind the last items there is an empty page.</summary>
    EmptyLastPage,

    /// <summary>The last page, which has items, shows the cursor that it was asked with.</summary>
    RepeatedCursor,

    /// <summary>The last page is empty and shows the cursor that it was asked with, as feeds of changes do.</summary>
    RepeatedCursorWhenEmpty,

    /// <summary>The last page shows a next one, which is the first.</summary>
    NextLeadsToTheFirst,

    /// <summary>The last page shows a next one, which is empty and shows another, and so on.</summary>
    NextNeverEnds,

    /// <summary>It does not look at what it is asked.</summary>
    IgnoresParams,

    /// <summary>A number beyond the last page gives the last page.</summary>
    ClampsPages,

    /// <summary>Pages in the middle have fewer items than others.</summary>
    ShortPages,
}
