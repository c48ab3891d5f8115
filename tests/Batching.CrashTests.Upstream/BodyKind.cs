namespace Batching.CrashTests.Upstream;

/// <summary>Kinds of bodies, as the REST formats tell them apart.</summary>
public enum BodyKind
{
    /// <summary>No bytes at all.</summary>
    Empty,

    /// <summary>A JSON object.</summary>
    Json,

    /// <summary>Plain text.</summary>
    Text,

    /// <summary>Bytes that are no text.</summary>
    Binary,
}
