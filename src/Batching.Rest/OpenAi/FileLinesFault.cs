namespace Batching.Rest.OpenAi;

/// <summary>The reason why no more lines of a file can be read.</summary>
internal enum FileLinesFault
{
    /// <summary>They can.</summary>
    None,

    /// <summary>The file was deleted meanwhile.</summary>
    Gone,

    /// <summary>The next line is too long.</summary>
    TooLong,
}
