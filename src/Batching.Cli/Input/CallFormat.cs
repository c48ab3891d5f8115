namespace Batching.Cli.Input;

/// <summary>The formats of calls in a file.</summary>
internal enum CallFormat
{
    /// <summary>As the file's name or its first characters say.</summary>
    Auto,

    /// <summary>A JSON object a line.</summary>
    Jsonl,

    /// <summary>A JSON array of objects.</summary>
    Json,

    /// <summary>A row a call, with a template.</summary>
    Csv,

    /// <summary>A curl command a line.</summary>
    Curl,
}
