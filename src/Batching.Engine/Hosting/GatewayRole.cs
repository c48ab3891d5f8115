namespace Batching.Engine.Hosting;

/// <summary>The part of a gateway among those that are started on the same store.</summary>
public enum GatewayRole
{
    /// <summary>Another gateway holds the store, or none does yet. This one serves nothing and takes over when it can.</summary>
    StandingBy,

    /// <summary>This gateway holds the store and serves.</summary>
    Active,

    /// <summary>
    /// This gateway has held the store, and has not heard from it for so long that another one may hold it by now. It serves
    /// nothing and begins nothing until it knows.
    /// </summary>
    Uncertain,

    /// <summary>Another gateway has taken the store over. This one ends.</summary>
    Lost,
}
