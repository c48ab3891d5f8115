using Microsoft.AspNetCore.OData.Query;
using Microsoft.AspNetCore.OData.Routing.Controllers;

namespace Batching.Interop.Tests.Paged;

/// <summary>The entities, in pages of 100.</summary>
public sealed class ItemsController(IQueryable<ODataItem> items) : ODataController
{
    [EnableQuery(PageSize = 100)]
    public IQueryable<ODataItem> Get() => items;
}
