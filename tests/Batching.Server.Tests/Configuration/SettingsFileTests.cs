using Batching.Server.Tests.Infrastructure;

namespace Batching.Server.Tests.Configuration;

/// <summary>The file of settings beside the program, whatever directory that is started from.</summary>
public sealed class SettingsFileTests : IDisposable
{
    private readonly TemporaryDirectory _program = new();
    private readonly TemporaryDirectory _elsewhere = new();

    public SettingsFileTests()
    {
        foreach (var file in Directory.EnumerateFiles(AppContext.BaseDirectory, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(_program.FullName, Path.GetRelativePath(AppContext.BaseDirectory, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    public void Dispose()
    {
        _program.Dispose();
        _elsewhere.Dispose();
    }

    [Fact]
    public async Task Serve_FromAnotherDirectory_ReadsTheFileBesideTheProgram()
    {
        await WriteAsync("""{"Batch": {"Upstream": "http://127.0.0.1:9", "Limits": {"PageBytes": 0}}}""");
        var (code, output) = await RunAsync();

        Assert.Equal(78, code);
        Assert.Contains("Batch:Limits:PageBytes", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Backup_FromAnotherDirectory_ReadsTheFileBesideTheProgram()
    {
        var data = Path.Combine(_elsewhere.FullName, "the-store");
        await WriteAsync($$$"""{"Batch": {"DataDirectory": "{{{data}}}"}}""");
        var (code, output) = await RunAsync("backup", Path.Combine(_elsewhere.FullName, "target"));

        Assert.Equal(71, code);
        Assert.Contains(data, output, StringComparison.Ordinal);
    }

    private Task WriteAsync(string settings) =>
        File.WriteAllTextAsync(Path.Combine(_program.FullName, "appsettings.json"), settings);

    private Task<(int Code, string Output)> RunAsync(params string[] arguments) => ServerProgram.RunAsync(
        _program.FullName,
        arguments,
        new Dictionary<string, string> { ["ASPNETCORE_URLS"] = "http://127.0.0.1:0", ["ASPNETCORE_ENVIRONMENT"] = "Production" },
        _elsewhere.FullName);
}
