using Batching.Client;
using Batching.V1;

namespace Batching.Cli.Running;

/// <summary>Finds where the pages of a walk have their items.</summary>
internal static class ItemsPlace
{
    /// <summary>
    /// The place as a JSON Pointer. If the walk itself does not say it, the gateway is asked: it knows the presets, and what is
    /// configured for the API. That takes one call of the first page.
    /// </summary>
    /// <returns>Null if nobody says it: the page itself is the array, or the first array among its members.</returns>
    public static async Task<string?> FindAsync(BatchClient client, Request walk, CancellationToken cancellationToken)
    {
        if (walk.Pagination is { HasItemsPointer: true } said)
        {
            return said.ItemsPointer;
        }

        try
        {
            var found = await client.DetectPaginationAsync(walk, cancellationToken);
            return found.Pagination is { HasItemsPointer: true } known ? known.ItemsPointer : null;
        }
        catch (BatchException)
        {
            // The walk itself tells better what is wrong.
            return null;
        }
    }
}
