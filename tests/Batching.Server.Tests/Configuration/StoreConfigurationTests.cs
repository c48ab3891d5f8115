using Microsoft.Extensions.Options;

namespace Batching.Server.Tests.Configuration;

public sealed class StoreConfigurationTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("Batch:DataDirectory", "somewhere")]
    [InlineData("Batch:MaxStoreBytes", "2000000")]
    public void Build_BothStores_NamesBothKeys(string key, string value)
    {
        var problem = FindProblem($"--Batch:Store:Postgres=Host=db", $"--{key}={value}");
        Assert.Contains(key, problem, StringComparison.Ordinal);
        Assert.Contains("Batch:Store:Postgres", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Build_NoKeyFile_SaysHowToMakeOne() =>
        Assert.Contains("head -c 32 /dev/urandom", FindProblem("--Batch:Store:Postgres=Host=db"), StringComparison.Ordinal);

    [Fact]
    public void Build_KeyFileWithoutPostgres_SaysSo() =>
        Assert.Contains("Batch:Store:Postgres", FindProblem("--Batch:Store:MasterKeyFile=key"), StringComparison.Ordinal);

    [Theory]
    [InlineData(31, UnixFileMode.UserRead, "must hold 32 bytes, not 31")]
    [InlineData(32, UnixFileMode.UserRead | UnixFileMode.GroupRead, "chmod 600")]
    [InlineData(32, UnixFileMode.UserRead | UnixFileMode.OtherRead, "chmod 600")]
    public void Build_BadKeyFile_SaysWhatIsWrong(int bytes, UnixFileMode mode, string expected)
    {
        var path = Path.Combine(_directory.FullName, "key");
        File.WriteAllBytes(path, new byte[bytes]);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, mode);
        }

        Assert.Contains(
            expected, FindProblem("--Batch:Store:Postgres=Host=db", $"--Batch:Store:MasterKeyFile={path}"), StringComparison.Ordinal);
    }

    [Fact]
    public void Build_LeaseOutOfRange_NamesTheKey() =>
        Assert.Contains("Batch:Store:Lease", FindProblem("--Batch:Store:Lease=00:00:01"), StringComparison.Ordinal);

    private static string FindProblem(params string[] settings) => string.Join(
        ' ',
        Assert.Throws<OptionsValidationException>(() => BatchServer.Build(["--Batch:Upstream=http://localhost:1", .. settings])).Failures);
}
