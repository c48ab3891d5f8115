using System.Text;
using Batching.CrashTests.Checking;
using Batching.CrashTests.Running;
using Microsoft.Data.Sqlite;

namespace Batching.CrashTests;

/// <summary>What must not be in a data directory is found there.</summary>
public sealed class DataDirectoryTests : IDisposable
{
    private const string Token = "owner0-0123456789abcdef0123456789abcdef";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("batch-crash-data-");

    [Fact]
    public void Inspect_NothingWrong_FindsNothing()
    {
        Write(Encoding.UTF8.GetBytes("owner0-0123456789abcdef"), UnixFileMode.UserRead | UnixFileMode.UserWrite);

        Assert.Empty(DataDirectory.Inspect(_directory.FullName, [Token]));
    }

    [Theory]
    [InlineData("UTF-8", 100)]
    [InlineData("UTF-16", 100)]
    [InlineData("base64", 100)]
    // Over the edge of what is read at once.
    [InlineData("UTF-8", (1024 * 1024) - 10)]
    public void Inspect_TokenInAFile_CredentialOnDisk(string form, int offset)
    {
        var bytes = form switch
        {
            "UTF-8" => Encoding.UTF8.GetBytes(Token),
            "UTF-16" => Encoding.Unicode.GetBytes(Token),
            _ => Encoding.UTF8.GetBytes(Convert.ToBase64String(Encoding.UTF8.GetBytes($"Bearer {Token}"))),
        };
        Write([.. new byte[offset], .. bytes, .. new byte[100]], UnixFileMode.UserRead | UnixFileMode.UserWrite);

        Assert.Equal(
            ViolationKind.CredentialOnDisk,
            Assert.Single(DataDirectory.Inspect(_directory.FullName, ["another", Token])).Kind);
    }

    [Fact]
    public void Inspect_FileThatOthersMayRead_OpenFile()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        Write([1], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);

        Assert.Equal(ViolationKind.OpenFile, Assert.Single(DataDirectory.Inspect(_directory.FullName, [Token])).Kind);
    }

    [Fact]
    public void InspectCredentials_DoneBatchWithCredential_CredentialKept()
    {
        using (var connection = new SqliteConnection($"Data Source={Path.Combine(_directory.FullName, "batch.db")};Pooling=false"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = """
                CREATE TABLE batches (finished INTEGER, total INTEGER, credential BLOB);
                INSERT INTO batches VALUES (1, 2, x'01'), (2, 2, NULL), (2, 2, x'01');
                """;
            command.ExecuteNonQuery();
        }

        var violation = Assert.Single(DataDirectory.InspectCredentials(_directory.FullName));

        Assert.Equal(ViolationKind.CredentialKept, violation.Kind);
        Assert.StartsWith("1 ", violation.Text, StringComparison.Ordinal);
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private void Write(byte[] bytes, UnixFileMode mode)
    {
        var path = Path.Combine(_directory.FullName, "file");
        File.WriteAllBytes(path, bytes);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, mode);
        }
    }
}
