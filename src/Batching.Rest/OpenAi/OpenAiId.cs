using System.Diagnostics.CodeAnalysis;

namespace Batching.Rest.OpenAi;

/// <summary>The ids of batches and files as OpenAI's clients see them: those of the gateway, with what they are.</summary>
internal static class OpenAiId
{
    private const string BatchPrefix = "batch_";
    private const string FilePrefix = "file-";
    private const string OutputSuffix = "-output";
    private const string ErrorsSuffix = "-errors";

    public static string OfBatch(string id) => BatchPrefix + id;

    public static string OfFile(string id) => FilePrefix + id;

    /// <summary>The file of the responses that a batch got.</summary>
    public static string OfOutput(string batchId) => FilePrefix + batchId + OutputSuffix;

    /// <summary>The file of the requests of a batch that failed.</summary>
    public static string OfErrors(string batchId) => FilePrefix + batchId + ErrorsSuffix;

    /// <summary>The batch of an id; a text that no batch has for what is none.</summary>
    public static string ToBatch(string id) => Strip(id, BatchPrefix);

    /// <summary>The uploaded file of an id; a text that no file has for what is none.</summary>
    public static string ToFile(string id) => Strip(id, FilePrefix);

    /// <summary>The batch whose results a file has.</summary>
    /// <param name="id">The file.</param>
    /// <param name="batchId">The batch.</param>
    /// <param name="isErrors">Whether it has those that failed, else the others.</param>
    /// <returns>False if it is an uploaded file, or none at all.</returns>
    public static bool TryGetBatch(string id, [NotNullWhen(true)] out string? batchId, out bool isErrors)
    {
        isErrors = id.EndsWith(ErrorsSuffix, StringComparison.Ordinal);
        var suffix = isErrors ? ErrorsSuffix : OutputSuffix;
        batchId = id.EndsWith(suffix, StringComparison.Ordinal) ? ToFile(id[..^suffix.Length]) : null;
        return batchId is not null;
    }

    private static string Strip(string id, string prefix) =>
        id.StartsWith(prefix, StringComparison.Ordinal) ? id[prefix.Length..] : "none";
}
