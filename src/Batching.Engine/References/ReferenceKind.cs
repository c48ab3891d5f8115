namespace Batching.Engine.References;

/// <summary>The part of a result that a reference is to.</summary>
internal enum ReferenceKind
{
    /// <summary>A value in its JSON body.</summary>
    Body,

    /// <summary>Its status code.</summary>
    Status,

    /// <summary>One of its header fields.</summary>
    Header,
}
