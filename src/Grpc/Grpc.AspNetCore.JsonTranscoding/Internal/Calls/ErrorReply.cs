using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.AspNetCore.JsonTranscoding.Internal.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using HttpResponse = Microsoft.AspNetCore.Http.HttpResponse;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Calls;

/// <summary>Writes errors in the form of a dialect, for replies that have not begun.</summary>
internal sealed class ErrorReply(WriterPool writers, ProtoJson json, ILogger logger)
{
    public async Task WriteAsync(HttpContext context, JsonDialect dialect, CallError error)
    {
        var response = context.Response;
        var writer = writers.Rent();
        try
        {
            writer.Begin(context);
            response.StatusCode = error.HttpStatus;
            response.ContentType = dialect.ContentType;
            AddRetryAfter(response, error.Status);
            try
            {
                response.StatusCode = dialect.GetHttpStatus(context, error.HttpStatus);
                dialect.WriteError(context, writer.Json, error.HttpStatus, error.Status);
            }
            catch (Exception e)
            {
                JsonTranscodingLog.ErrorWritingError(logger, dialect.GetType(), e);
                if (!writer.TryDiscard())
                {
                    context.Abort();
                    return;
                }

                ErrorJson.Write(writer.Json, json, error.Status);
            }

            // Nobody else is to begin a reply after this one.
            writer.Complete();
            await response.BodyWriter.FlushAsync();
        }
        finally
        {
            writers.Return(writer);
        }
    }

    /// <summary>RFC 9110, section 10.2.3: whole seconds, rounded up so that nobody comes back too early.</summary>
    private static void AddRetryAfter(HttpResponse response, Status status)
    {
        foreach (var detail in status.Details)
        {
            if (detail.Is(RetryInfo.Descriptor) && detail.TryUnpack<RetryInfo>(out var retry) &&
                retry.RetryDelay is { Seconds: >= 0 } delay)
            {
                response.Headers.RetryAfter = (delay.Seconds + (delay.Nanos > 0 ? 1 : 0)).ToString(
                    System.Globalization.CultureInfo.InvariantCulture);
                return;
            }
        }
    }
}
