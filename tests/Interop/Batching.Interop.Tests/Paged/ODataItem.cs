namespace Batching.Interop.Tests.Paged;

/// <summary>An entity of the OData service.</summary>
public sealed record ODataItem(int Id);
