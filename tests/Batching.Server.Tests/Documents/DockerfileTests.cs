using Batching.Server.Tests.Infrastructure;

namespace Batching.Server.Tests.Documents;

/// <summary>No image is built in the tests, but what the Dockerfile copies is there.</summary>
public sealed class DockerfileTests
{
    [Fact]
    public void Dockerfile_WhatItCopies_IsThere()
    {
        string[] copied =
        [
            .. File.ReadLines(Path.Combine(Repository.Root, "deploy", "Dockerfile"))
                .Where(line => line.StartsWith("COPY ", StringComparison.Ordinal) && !line.Contains("--from", StringComparison.Ordinal))
                .SelectMany(line => line.Split(' ')[1..^1]),
        ];

        Assert.Contains("src", copied);
        Assert.All(copied, path => Assert.True(Path.Exists(Path.Combine(Repository.Root, path)), path));

        // Whatever a build reads at the root: without it the image would be another program, or none.
        Assert.All(
            Directory.GetFiles(Repository.Root, "*.props").Append(Path.Combine(Repository.Root, "global.json")),
            path => Assert.Contains(Path.GetFileName(path), copied));
    }
}
