using System.Globalization;
using Grpc.Core;
using Grpc.Net.Internal;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>Writes status and metadata into HTTP headers or trailers.</summary>
internal static class ResponseMetadata
{
    private static readonly StringValues[] StatusValues =
        [.. Enumerable.Range(0, 17).Select(static code => new StringValues(code.ToString(CultureInfo.InvariantCulture)))];

    public static void WriteStatus(IHeaderDictionary headers, in Status status)
    {
        headers.GrpcStatus = (uint)status.StatusCode < (uint)StatusValues.Length
            ? StatusValues[(int)status.StatusCode]
            : ((int)status.StatusCode).ToString(CultureInfo.InvariantCulture);
        if (!string.IsNullOrEmpty(status.Detail))
        {
            headers.GrpcMessage = PercentEncoding.Encode(status.Detail);
        }
    }

    /// <exception cref="InvalidOperationException">A value has characters that no header can have.</exception>
    public static void Append(IHeaderDictionary headers, Metadata metadata)
    {
        foreach (var entry in metadata)
        {
            if (!GrpcProtocol.IsReservedHeader(entry.Key))
            {
                headers.Append(entry.Key, entry.IsBinary ? BinaryHeader.Encode(entry.ValueBytes) : entry.Value);
            }
        }
    }
}
