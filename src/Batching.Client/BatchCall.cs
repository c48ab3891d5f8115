using Batching.V1;

namespace Batching.Client;

/// <summary>
/// Makes the calls of a batch. Each is a <see cref="Request"/> of the contract, of which any field can be set; the methods of
/// <see cref="RequestExtensions"/> set the usual ones.
/// </summary>
/// <remarks>
/// Paths are those of the API behind the gateway, with or without a slash in front, and may have a query string. They are sent as
/// they are: whatever must be percent-encoded has to be. <see cref="RequestExtensions.WithQuery"/> encodes what it is given.
/// </remarks>
public static class BatchCall
{
    /// <summary>A GET.</summary>
    public static Request Get(string path) => Of("GET", path);

    /// <summary>A HEAD.</summary>
    public static Request Head(string path) => Of("HEAD", path);

    /// <summary>A POST. After a crash it is not sent again unless it has an <c>Idempotency-Key</c>: its result is <c>INTERRUPTED</c>.</summary>
    public static Request Post(string path) => Of("POST", path);

    /// <summary>A PUT.</summary>
    public static Request Put(string path) => Of("PUT", path);

    /// <summary>A PATCH. After a crash it is not sent again unless it has an <c>Idempotency-Key</c>: its result is <c>INTERRUPTED</c>.</summary>
    public static Request Patch(string path) => Of("PATCH", path);

    /// <summary>A DELETE.</summary>
    public static Request Delete(string path) => Of("DELETE", path);

    /// <summary>A spawner: a GET over a paged collection, of which the gateway delivers every page as a request of its own.</summary>
    /// <param name="path">The path of the collection.</param>
    /// <param name="pagination">How its pages follow each other. Null: as the gateway is configured, or else as the pages show.</param>
    public static Request Walk(string path, Pagination? pagination = null)
    {
        var request = Get(path);
        request.Spawner = true;
        request.Pagination = pagination;
        return request;
    }

    private static Request Of(string method, string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new Request { Method = method, Path = path };
    }
}
