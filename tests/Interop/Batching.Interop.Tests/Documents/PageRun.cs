using System.Globalization;
using System.Text;

namespace Batching.Interop.Tests.Documents;

/// <summary>Runs what a page shows: its commands as they are, in their order, in one shell, beside a gateway.</summary>
internal static class PageRun
{
    // In front of what each block writes.
    private const char Separator = '\u001e';

    // What the pages call the gateway, and its address for operators.
    private const string PageAddress = "localhost:8080";
    private const string PageOperations = "localhost:8081";

    /// <summary>Runs the blocks that can be run.</summary>
    /// <param name="pages">The page, behind those that it continues.</param>
    /// <param name="gateway">Where the gateway listens.</param>
    /// <param name="operations">Where it listens for operators.</param>
    /// <returns>What each block has written.</returns>
    public static async Task<IReadOnlyDictionary<PageBlock, string>> RunAsync(
        IReadOnlyList<Page> pages, Uri gateway, Uri operations)
    {
        using var folder = new TemporaryDirectory();
        PageBlock[] blocks = [.. pages.SelectMany(page => page.Blocks).Where(IsRun)];
        var script = new StringBuilder("set -eo pipefail\nchmod +x bin/batch\n");
        for (var i = 0; i < blocks.Length; i++)
        {
            var text = blocks[i].Text
                .Replace(PageAddress, gateway.Authority, StringComparison.Ordinal)
                .Replace(PageOperations, operations.Authority, StringComparison.Ordinal);
            script.Append(CultureInfo.InvariantCulture, $"printf '\\n{Separator}{i}\\n'\n{ToCommand(blocks[i], text)}\n");
        }

        await PrepareAsync(folder.FullName, pages[^1]);
        var path = Path.Combine(folder.FullName, "page.sh");
        await File.WriteAllTextAsync(path, script.ToString());
        var (code, output) = await ExternalProgram.RunAsync(
            "bash",
            ["-c", "cd \"$1\" && shift && source ./page.sh", "page", folder.FullName],
            new Dictionary<string, string>
            {
                ["BATCH_URL"] = gateway.GetLeftPart(UriPartial.Authority),
                ["PATH"] = $"{Path.Combine(folder.FullName, "bin")}:{Environment.GetEnvironmentVariable("PATH")}",
                ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
                ["PYTHONDONTWRITEBYTECODE"] = "1",
            });

        var outputs = output.Split(Separator)[1..];
        Assert.True(
            code == 0,
            outputs.Length == 0 ? output : $"The block at {blocks[outputs.Length - 1]} ended with {code}:\n{outputs[^1]}");
        return blocks.Zip(outputs).ToDictionary(pair => pair.First, pair => pair.Second[(pair.Second.IndexOf('\n', StringComparison.Ordinal) + 1)..]);
    }

    private static bool IsRun(PageBlock block) =>
        !block.IsExcused && (block.IsShell || block.IsShape || block.Marker.StartsWith(PageBlock.Post, StringComparison.Ordinal));

    private static string ToCommand(PageBlock block, string text)
    {
        if (block.IsShell)
        {
            return text;
        }

        if (block.IsShape)
        {
            return $"[ -z \"$id\" ] || curl -sSN \"$BATCH_URL/api/v0/batch/$id/results?after=0\" > read.jsonl\n"
                + $"curl -sS $BATCH_URL{block.Marker[PageBlock.Shape.Length..]}";
        }

        var isListed = block.Marker.StartsWith(PageBlock.PostInList, StringComparison.Ordinal);
        var path = block.Marker[(isListed ? PageBlock.PostInList : PageBlock.Post).Length..];
        var body = isListed ? $"[{text}]" : text;
        return $"curl -sS --fail-with-body \"$BATCH_URL{path}\" --data-binary @- > posted.json << 'END_OF_BLOCK'\n{body}\nEND_OF_BLOCK\n"
            + "cat posted.json\nid=$(jq -r 'try .Batch.id catch empty // empty' posted.json)";
    }

    // The working directory looks like the root of the sources, but nothing that is written there stays. `batch` is on the path.
    private static async Task PrepareAsync(string folder, Page page)
    {
        foreach (var entry in new DirectoryInfo(Folders.Root).EnumerateFileSystemInfos().Where(entry => entry.Name[0] != '.'))
        {
            File.CreateSymbolicLink(Path.Combine(folder, entry.Name), entry.FullName);
        }

        // Files that the commands of the page read.
        var files = Path.Combine(Folders.Interop, "pages", Path.GetFileNameWithoutExtension(page.Name));
        foreach (var file in Directory.Exists(files) ? Directory.GetFiles(files) : [])
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }

        var bin = Directory.CreateDirectory(Path.Combine(folder, "bin")).FullName;
        var batch = Path.Combine(bin, "batch");
        await File.WriteAllTextAsync(batch, $"#!/bin/sh\nexec dotnet '{Folders.CliFile}' \"$@\"\n");
    }
}
