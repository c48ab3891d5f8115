using Google.Protobuf.Reflection;
using Google.Rpc;

namespace Batching.Rest.Calls;

/// <summary>The types of details that errors may have.</summary>
internal static class ErrorDetails
{
    /// <summary>
    /// Their types. The transcoder has to know them, too: a detail that it can't name makes a 500 without a body of an error
    /// (Microsoft.AspNetCore.Grpc.JsonTranscoding 10.0.15).
    /// </summary>
    public static TypeRegistry Types { get; } = TypeRegistry.FromFiles(ErrorDetailsReflection.Descriptor);
}
