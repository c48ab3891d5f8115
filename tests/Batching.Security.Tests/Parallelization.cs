// Memory and latency are those of the whole process: no other test may run beside one that looks at them.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
