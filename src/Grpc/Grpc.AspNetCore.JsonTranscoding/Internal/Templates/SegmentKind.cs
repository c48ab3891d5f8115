namespace Grpc.AspNetCore.JsonTranscoding.Internal.Templates;

/// <summary>What one segment of a path template matches.</summary>
internal enum SegmentKind
{
    /// <summary>Exactly one segment with this text.</summary>
    Literal,

    /// <summary><c>*</c>: exactly one segment, not empty.</summary>
    One,

    /// <summary><c>**</c>: the rest of the path, possibly nothing.</summary>
    Rest,
}
