using Microsoft.AspNetCore.Http;

namespace Batching.Rest.Calls;

/// <summary>Answers to requests that the server can't read.</summary>
internal static class BadHttpRequests
{
    /// <summary>
    /// The error that it is. That it came too late or is too large is in our own words; the server's may quote what it read.
    /// </summary>
    public static CallError ToCallError(this BadHttpRequestException exception) => exception.StatusCode switch
    {
        StatusCodes.Status408RequestTimeout => CallError.Of(CallErrorKinds.BodyLate, exception.Message),
        StatusCodes.Status413PayloadTooLarge => CallError.Of(CallErrorKinds.TooLarge, exception.Message),
        _ => CallError.Of(CallErrorKinds.BadRequest, "The HTTP request is not valid."),
    };
}
