using Grpc.Core;

namespace Grpc.Net.Client.Internal;

/// <summary>A call without its message types.</summary>
internal interface IGrpcCall : IDisposable
{
    Task<Metadata> GetHeadersAsync();

    Status GetStatus();

    Metadata GetTrailers();
}
