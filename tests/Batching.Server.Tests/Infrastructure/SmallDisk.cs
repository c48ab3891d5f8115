using System.Diagnostics;

namespace Batching.Server.Tests.Infrastructure;

/// <summary>A file system of a few MiB, which can be filled. Only root can make one, and only on Linux.</summary>
public sealed class SmallDisk : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public SmallDisk(int megabytes)
    {
        if (!Run("mount", "-t", "tmpfs", "-o", $"size={megabytes}m", "tmpfs", _directory.FullName))
        {
            throw new InvalidOperationException("The file system can't be mounted.");
        }
    }

    /// <summary>Why there can't be one here; null if there can.</summary>
    public static string? Missing { get; } = FindMissing();

    /// <summary>Where it is mounted.</summary>
    public string FullName => _directory.FullName;

    private string Ballast => Path.Combine(FullName, "ballast");

    /// <summary>Takes every byte that is left.</summary>
    public void Fill()
    {
        using var file = new FileStream(Ballast, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        var block = new byte[4096];
        try
        {
            while (true)
            {
                file.Write(block);
            }
        }
        catch (IOException)
        {
            // Full.
        }
    }

    /// <summary>Gives back what <see cref="Fill"/> took.</summary>
    public void Clear() => File.Delete(Ballast);

    public void Dispose()
    {
        Run("umount", "-l", FullName);
        _directory.Dispose();
    }

    private static string? FindMissing()
    {
        if (!OperatingSystem.IsLinux())
        {
            return "needs Linux, to mount a small file system";
        }

        try
        {
            using var disk = new SmallDisk(1);
            return null;
        }
        catch (Exception exception) when (exception is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return "needs root, to mount a small file system";
        }
    }

    private static bool Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
