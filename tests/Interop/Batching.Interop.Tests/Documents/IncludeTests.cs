using System.Text;

namespace Batching.Interop.Tests.Documents;

/// <summary>
/// Programs in pages are those that the tests run: a block below <c>&lt;!-- test: include FILE --&gt;</c> is that file. With
/// <c>BATCH_WRITE_DOCS=1</c> the pages are written instead.
/// </summary>
public sealed class IncludeTests
{
    private const string Include = "include ";

    [Fact]
    public void Pages_IncludedFiles_AreTheFiles()
    {
        var count = 0;
        foreach (var name in Page.Names)
        {
            var blocks = Page.Read(name).Blocks.Where(block => block.Marker.StartsWith(Include, StringComparison.Ordinal)).ToArray();
            count += blocks.Length;
            foreach (var block in blocks.Reverse())
            {
                var text = File.ReadAllText(Path.Combine(Folders.Root, block.Marker[Include.Length..])).TrimEnd('\n');
                if (Environment.GetEnvironmentVariable("BATCH_WRITE_DOCS") == "1")
                {
                    Write(block, text);
                }
                else
                {
                    Assert.True(text == block.Text, $"{block} is not {block.Marker[Include.Length..]}. Write it with BATCH_WRITE_DOCS=1.");
                }
            }
        }

        Assert.True(count >= 3, $"Only {count} blocks include a file.");
    }

    private static void Write(PageBlock block, string text)
    {
        var path = Path.Combine(Folders.Root, block.Page);
        var lines = File.ReadAllLines(path);
        var end = block.Line + block.Text.Split('\n').Length;
        var page = new StringBuilder();
        foreach (var line in lines[..block.Line].Concat(text.Split('\n')).Concat(lines[end..]))
        {
            page.Append(line).Append('\n');
        }

        File.WriteAllText(path, page.ToString());
    }
}
