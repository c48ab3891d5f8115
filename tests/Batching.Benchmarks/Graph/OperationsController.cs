using Microsoft.AspNetCore.OData.Routing.Controllers;

namespace Batching.Benchmarks.Graph;

/// <summary>The operations: each takes 5 ms, in which nothing is done.</summary>
public sealed class OperationsController(TimeProvider time) : ODataController
{
    private static readonly TimeSpan Duration = TimeSpan.FromMilliseconds(5);
    private static readonly string Text = new('x', 1024);

    public async Task<Operation> Get(int key)
    {
        await Task.Delay(Duration, time);
        return new Operation(key, Text);
    }
}
