using System.Collections.Frozen;
using System.IO.Compression;
using Grpc.Net.Compression;

namespace Grpc.Net.Internal;

internal static class CompressionProviders
{
    public static readonly IReadOnlyDictionary<string, ICompressionProvider> Default = ByName(
    [
        new GzipCompressionProvider(CompressionLevel.Fastest),
        new DeflateCompressionProvider(CompressionLevel.Fastest),
    ]);

    public static IReadOnlyDictionary<string, ICompressionProvider> ByName(IEnumerable<ICompressionProvider> providers)
    {
        var byName = new Dictionary<string, ICompressionProvider>(StringComparer.Ordinal);
        foreach (var provider in providers)
        {
            byName[provider.EncodingName] = provider;
        }

        return byName.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>The value of <c>grpc-accept-encoding</c>.</summary>
    public static string AcceptEncoding(IReadOnlyDictionary<string, ICompressionProvider> providers) =>
        string.Join(',', providers.Keys.Order(StringComparer.Ordinal).Prepend(GrpcProtocol.Identity));
}
