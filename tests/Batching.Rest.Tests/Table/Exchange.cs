namespace Batching.Rest.Tests.Table;

/// <summary>A request, and the reply that it must have.</summary>
internal sealed class Exchange
{
    /// <summary>What it is about.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// Text that the reply's body has in the end: until then the request is repeated. Null: it is made once.
    /// </summary>
    public string? Until { get; set; }

    /// <summary>
    /// What <c>{fill}</c> stands for in the body of the request, for bodies that nobody wants to read.
    /// </summary>
    public string Fill { get; set; } = "";

    /// <summary>The lines of the request as the table has them, without what marks them.</summary>
    public List<string> Request { get; } = [];

    /// <summary>
    /// How the body of the request is written: <c>""</c>, <c>base64</c>, or the encoding to be applied to it.
    /// </summary>
    public string RequestBodyForm { get; set; } = "";

    /// <summary>Where the body of the request begins among its lines; -1 without one.</summary>
    public int RequestBodyStart { get; set; } = -1;

    /// <summary>The lines of the reply as the table has them.</summary>
    public List<string> Reply { get; set; } = [];

    /// <summary>The line of the file behind which the reply stands.</summary>
    public int LastRequestLine { get; set; }
}
