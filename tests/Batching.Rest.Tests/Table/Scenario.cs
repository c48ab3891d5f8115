namespace Batching.Rest.Tests.Table;

/// <summary>Exchanges that are made one after the other with the same gateway.</summary>
internal sealed class Scenario
{
    /// <summary>What it is about.</summary>
    public required string Name { get; init; }

    /// <summary>The configuration of the gateway, as environment variables separated by blanks; usually none.</summary>
    public string Gateway { get; set; } = "";

    /// <summary>The exchanges, in order.</summary>
    public List<Exchange> Exchanges { get; } = [];
}
