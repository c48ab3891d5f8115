namespace Batching.Benchmarks.Robustness;

/// <summary>What a server takes of the machine at a moment.</summary>
/// <param name="ResidentMegabytes">Resident memory, in MiB.</param>
/// <param name="Descriptors">Open file descriptors.</param>
/// <param name="Threads">Threads.</param>
/// <param name="StoreMegabytes">The store with its log, in MiB.</param>
internal sealed record ProcessSample(double ResidentMegabytes, int Descriptors, int Threads, double StoreMegabytes);
