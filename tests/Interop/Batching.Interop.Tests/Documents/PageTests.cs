using System.Text.Json.Nodes;
using Xunit.Abstractions;

namespace Batching.Interop.Tests.Documents;

/// <summary>What the pages show works: their commands run as they are written, and their JSON is what a gateway takes and answers.</summary>
public sealed class PageTests(PageGateways gateways, ITestOutputHelper output) : IClassFixture<PageGateways>
{
    private const string OperationsAddress = "localhost:8081";

    public static TheoryData<string> Pages => new(Page.Names);

    [InteropTheory(Tool.Curl, Tool.Buf, Tool.Jq, Tool.Python, Tool.PythonStubs, Tool.Go)]
    [MemberData(nameof(Pages))]
    public async Task Page_WhatItShows_Works(string name)
    {
        var page = Page.Read(name);
        Page[] run = page.Before is null ? [page] : [Page.Read(page.Before), page];
        if (page.Blocks.Any(block => !block.IsExcused && block.HasToBeChecked && block.Language is not "csharp"))
        {
            var operations = page.Blocks.Any(block => block.Text.Contains(OperationsAddress, StringComparison.Ordinal))
                ? new Uri(FreePort.FindUrl())
                : null;
            var gateway = await gateways.StartAsync(operations);
            var outputs = await PageRun.RunAsync(run, new Uri(gateway.Address), operations ?? new Uri(gateway.Address));
            CheckOutputs(page, outputs);
            gateway.AssertNoErrors();
        }

        foreach (var settings in page.Blocks.Where(block => block.Marker == PageBlock.Settings))
        {
            using var gateway = await GatewayProcess.StartAsync(Flatten(JsonNode.Parse(settings.Text), "")
                .Append(("ASPNETCORE_ENVIRONMENT", "Development"))
                .ToDictionary(setting => setting.Item1, setting => setting.Item2));
            gateway.AssertNoErrors();
        }
    }

    [Fact]
    public void Blocks_OfAllPages_AreRunOrSayWhyNot()
    {
        var counts = new List<(string Page, int Checked, int Excused)>();
        foreach (var page in Page.Names.Select(Page.Read))
        {
            var blocks = page.Blocks.Where(block => block.HasToBeChecked).ToArray();
            Assert.All(blocks, block => Assert.True(IsMarkedWell(block), $"{block} needs a marker: <!-- test: … -->"));
            counts.Add((page.Name, blocks.Count(block => !block.IsExcused), blocks.Count(block => block.IsExcused)));
            foreach (var block in blocks.Where(block => block.IsExcused))
            {
                output.WriteLine($"{block}: {block.Marker}");
            }
        }

        foreach (var (page, held, excused) in counts.Where(count => count.Checked + count.Excused > 0))
        {
            output.WriteLine($"{page}: {held} blocks run or compared, {excused} excused");
        }

        output.WriteLine($"all: {counts.Sum(count => count.Checked)} run or compared, {counts.Sum(count => count.Excused)} excused");
        Assert.True(counts.Sum(count => count.Checked) > counts.Sum(count => count.Excused));
    }

    private static bool IsMarkedWell(PageBlock block) =>
        block.IsExcused ? block.Marker.Length > PageBlock.Excuse.Length
            : block.IsShell ? block.Marker.Length == 0
            : block.IsShape || block.Marker is PageBlock.Output or PageBlock.Settings
                || block.Marker.StartsWith(PageBlock.Post, StringComparison.Ordinal)
                || block.Marker.StartsWith("include ", StringComparison.Ordinal);

    // Of what the last block before it has written, however much of it there is besides JSON.
    private static void CheckOutputs(Page page, IReadOnlyDictionary<PageBlock, string> outputs)
    {
        var last = "";
        foreach (var block in page.Blocks)
        {
            last = outputs.GetValueOrDefault(block, last);
            if (block.IsShape || (block.Marker == PageBlock.Output && block.Language == "json"))
            {
                var said = JsonExample.Read(block.Text);
                var came = JsonExample.Read(last);
                Assert.True(said.Count == came.Count, $"{block} has {said.Count} values, and these {came.Count} came:\n{last}");
                foreach (var (first, second) in said.Zip(came))
                {
                    var difference = JsonExample.FindDifference(first, second, block.IsShape);
                    Assert.True(difference is null, $"{block}: {difference}. This came:\n{last}");
                }
            }
            else if (block.Marker == PageBlock.Output)
            {
                Assert.Equal(block.Text.Trim(), last.Trim());
            }
        }
    }

    private static IEnumerable<(string, string)> Flatten(JsonNode? node, string path) => node switch
    {
        JsonObject members => members.SelectMany(member => Flatten(member.Value, path.Length == 0 ? member.Key : $"{path}:{member.Key}")),
        JsonArray items => items.SelectMany((item, i) => Flatten(item, $"{path}:{i}")),
        _ => [(path, $"{node}")],
    };
}
