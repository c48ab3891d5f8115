using System.Text;
using Batching.CrashTests.Checking;
using Microsoft.Data.Sqlite;

namespace Batching.CrashTests.Running;

/// <summary>Looks at what the server leaves on the disk.</summary>
internal static class DataDirectory
{
    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>Searches every file for the tokens of the owners, and checks who may read it.</summary>
    public static IEnumerable<Violation> Inspect(string directory, IEnumerable<string> tokens)
    {
        byte[][] needles = [.. tokens.SelectMany(FormsOf)];
        foreach (var path in Directory.EnumerateFileSystemEntries(directory, "*", SearchOption.AllDirectories))
        {
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & Others) != 0)
            {
                yield return new Violation(
                    ViolationKind.OpenFile, $"{Path.GetRelativePath(directory, path)} has the mode {File.GetUnixFileMode(path)}");
            }

            // The lock can't be opened, but it is empty.
            if (File.Exists(path) && new FileInfo(path).Length > 0 && Holds(path, needles))
            {
                yield return new Violation(
                    ViolationKind.CredentialOnDisk, $"{Path.GetRelativePath(directory, path)} holds the token of an owner");
            }
        }
    }

    /// <summary>Checks that no batch that is done has a credential left. The server must have ended.</summary>
    public static IEnumerable<Violation> InspectCredentials(string directory)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = Path.Combine(directory, "batch.db"),
            Mode = SqliteOpenMode.ReadOnly,
            Pooling = false,
        }.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM batches WHERE finished = total AND credential IS NOT NULL";
        if (command.ExecuteScalar() is long count and > 0)
        {
            yield return new Violation(
                ViolationKind.CredentialKept, $"{count} batches that are done still have their credential");
        }
    }

    private static IEnumerable<byte[]> FormsOf(string token) =>
    [
        Encoding.UTF8.GetBytes(token),
        Encoding.Unicode.GetBytes(token),
        Encoding.UTF8.GetBytes(Convert.ToBase64String(Encoding.UTF8.GetBytes($"Bearer {token}")).TrimEnd('=')[..^1]),
    ];

    private static bool Holds(string path, byte[][] needles)
    {
        using var file = new FileStream(
            path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        var overlap = needles.Max(needle => needle.Length);
        var buffer = new byte[1024 * 1024];
        var kept = 0;
        while (true)
        {
            var read = file.Read(buffer.AsSpan(kept));
            if (read == 0)
            {
                return false;
            }

            var filled = buffer.AsSpan(0, kept + read);
            foreach (var needle in needles)
            {
                if (filled.IndexOf(needle) >= 0)
                {
                    return true;
                }
            }

            kept = Math.Min(overlap, filled.Length);
            filled[^kept..].CopyTo(buffer);
        }
    }
}
