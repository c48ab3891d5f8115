namespace Batching.Rest.OpenAi;

/// <summary>Requests of a batch that are sent one after the other, so that a model server has less to do for them.</summary>
internal enum OpenAiGrouping
{
    /// <summary>They are sent as they stand in the file.</summary>
    None,

    /// <summary>Those of one model.</summary>
    Model,

    /// <summary>Those of one model, and of these those whose prompts begin alike.</summary>
    ModelAndPrompt,
}
