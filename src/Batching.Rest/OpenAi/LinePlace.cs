namespace Batching.Rest.OpenAi;

/// <summary>The place of a line in its file.</summary>
/// <param name="Offset">The place of its first byte.</param>
/// <param name="Length">Its bytes, without its break.</param>
/// <param name="Line">Its number, from 1.</param>
internal readonly record struct LinePlace(long Offset, int Length, int Line);
