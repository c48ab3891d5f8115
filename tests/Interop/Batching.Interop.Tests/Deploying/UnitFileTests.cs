namespace Batching.Interop.Tests.Deploying;

/// <summary>systemd takes the unit as it is meant, and finds little in it that the gateway may do and need not.</summary>
public sealed class UnitFileTests : IDisposable
{
    private const string Program = "/opt/batch/Batching.Server";

    // In tenths of what systemd calls the exposure: 1.6 is what is left to a program that compiles while it runs and speaks over the
    // network.
    private const string Threshold = "20";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("batch-unit-");

    public void Dispose() => _directory.Delete(recursive: true);

    [InteropFact(Tool.Systemd)]
    public async Task Unit_Verified_IsWithoutFault()
    {
        var (code, output) = await ExternalProgram.RunAsync(Tools.SystemdAnalyze, "verify", await WriteUnitAsync());

        Assert.True(code == 0 && output.Trim().Length == 0, output);
    }

    [InteropFact(Tool.Systemd)]
    public async Task Unit_ExposureToItsSystem_IsSmall()
    {
        var (code, output) = await ExternalProgram.RunAsync(
            Tools.SystemdAnalyze, "security", "--offline=true", $"--threshold={Threshold}", await WriteUnitAsync());

        Assert.True(code == 0, output);
    }

    // The program is not where it is installed: only the rest of the unit is looked at.
    private async Task<string> WriteUnitAsync()
    {
        var unit = await File.ReadAllTextAsync(Path.Combine(Folders.Deploy, "batch.service"));
        Assert.Contains($"ExecStart={Program} ", unit, StringComparison.Ordinal);
        var path = Path.Combine(_directory.FullName, "batch.service");
        await File.WriteAllTextAsync(path, unit.Replace(Program, "/bin/true", StringComparison.Ordinal));
        return path;
    }
}
