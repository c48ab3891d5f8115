using System.Globalization;
using System.Runtime.InteropServices;

namespace Batching.Storage.Sqlite.Opening;

/// <summary>
/// Tells a file from a copy of it: by its number in the file system and the time of its birth, which no write changes.
/// </summary>
internal static partial class FileIdentity
{
    private const int CurrentDirectory = -100;
    private const uint NumberAndBirth = 0x100 | 0x800;

    /// <summary>The identity of a file; null where the system can't say.</summary>
    public static unsafe string? Of(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return File.GetCreationTimeUtc(path).Ticks.ToString(CultureInfo.InvariantCulture);
        }

        try
        {
            // struct statx, the same on every architecture: the mask is at 0, the number at 32, the birth at 80.
            var status = stackalloc byte[256];
            if (StatX(CurrentDirectory, path, 0, NumberAndBirth, status) != 0)
            {
                return null;
            }

            var isComplete = (*(uint*)status & NumberAndBirth) == NumberAndBirth;
            return isComplete
                ? string.Create(
                    CultureInfo.InvariantCulture,
                    $"{*(ulong*)(status + 32)}-{*(long*)(status + 80)}.{*(uint*)(status + 88)}")
                : null;
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatX(int directory, string path, int flags, uint mask, byte* status);
}
