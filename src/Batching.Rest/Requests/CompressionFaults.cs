namespace Batching.Rest.Requests;

/// <summary>Tells bad data from other faults while data is decompressed.</summary>
internal static class CompressionFaults
{
    // zlib has an I/O error that is not public, for data that needs a dictionary (RFC 1950, section 2.2), and Brotli an invalid
    // operation. A connection that breaks is an I/O error, too, but not one of these assemblies.
    private const string Assembly = "System.IO.Compression";

    /// <summary>Whether an exception says that the data is not what its encoding says.</summary>
    public static bool IsBadData(Exception exception) => exception is InvalidDataException
        || (exception is IOException or InvalidOperationException
            && exception.Source?.StartsWith(Assembly, StringComparison.Ordinal) == true);
}
