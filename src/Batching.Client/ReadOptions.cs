namespace Batching.Client;

/// <summary>Options for reading the results of a batch.</summary>
public sealed class ReadOptions
{
    /// <summary>
    /// Starts behind this position: that of the last result that is dealt with. The gateway then knows that everything up to it has
    /// been received. 0 by default: from the first result.
    /// </summary>
    public long After { get; init; }

    /// <summary>
    /// Bytes of the largest body that is read into memory. A larger one is left out, as <see cref="CallReply.IsBodyOmitted"/> says,
    /// and <see cref="BatchHandle.CopyBodyToAsync"/> reads it. 64 MiB by default; 0 leaves out whatever did not fit into a message of
    /// the gateway.
    /// </summary>
    public int MaxBodyBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>
    /// The fields of a request to read, by their names in the contract, such as <c>index</c> or <c>response.status_code</c>; the id
    /// always comes. All by default. To have a large body, name <c>response</c> as a whole.
    /// </summary>
    public IReadOnlyList<string>? Fields { get; init; }

    /// <summary>Is told of the progress once every <see cref="BatchClientOptions.ProgressInterval"/>, and in the end. Nobody by default.</summary>
    public IProgress<BatchProgress>? Progress { get; init; }
}
