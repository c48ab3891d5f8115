namespace Batching.Rest.Replies;

/// <summary>The kinds of response body that JSON replies tell apart.</summary>
internal enum ResponseBodyKind
{
    /// <summary>No bytes.</summary>
    Empty,

    /// <summary>Valid JSON: embedded as it is.</summary>
    Json,

    /// <summary>Valid JSON with more levels than clients can read: a JSON string, and the reply says so.</summary>
    DeepJson,

    /// <summary>Text: a JSON string.</summary>
    Text,

    /// <summary>Anything else: base64.</summary>
    Binary,
}
