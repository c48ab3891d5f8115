using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Batching.Rest.Calls;

/// <summary>What callers are told whose request the server can't read.</summary>
internal static class BadHttpRequests
{
    /// <summary>The error that it is. That it came too late is in our own words; the server's may quote what it read.</summary>
    public static CallError ToCallError(this BadHttpRequestException exception) => CallError.FromHttp(
        exception.StatusCode,
        StatusCode.InvalidArgument,
        exception.StatusCode == StatusCodes.Status408RequestTimeout ? exception.Message : "The HTTP request is not valid.");
}
