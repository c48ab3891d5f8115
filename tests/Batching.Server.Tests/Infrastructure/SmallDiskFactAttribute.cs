namespace Batching.Server.Tests.Infrastructure;

/// <summary>A test that fills a disk of its own; skipped where it can't have one.</summary>
public sealed class SmallDiskFactAttribute : FactAttribute
{
    public SmallDiskFactAttribute() => Skip = SmallDisk.Missing;
}
