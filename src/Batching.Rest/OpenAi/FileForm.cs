using System.Buffers;
using System.Globalization;
using Batching.Engine.Content;
using Batching.Engine.Files;
using Batching.Engine.Model;
using Batching.Rest.Calls;
using Batching.Rest.Requests;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Batching.Rest.OpenAi;

/// <summary>
/// The form that a file is uploaded in (multipart/form-data, RFC 7578). The file goes into the store as it arrives; what is said of
/// it may stand in front of it or behind it. For one call.
/// </summary>
/// <param name="upload">Takes the file.</param>
/// <param name="options">How large it may be, and how long it is kept.</param>
internal sealed class FileForm(FileUpload upload, OpenAiOptions options)
{
    private const string Purpose = "batch";
    private const string Anchor = "created_at";
    private const int BufferBytes = 32 * 1024;
    private const int MaxBoundary = 200;
    private const int MaxField = 1024;
    private const int MaxParts = 32;
    private const int MaxName = 255;
    private const int MinSeconds = 3_600;

    private readonly Dictionary<string, string> _fields = new(StringComparer.Ordinal);
    private string? _name;

    /// <summary>Reads the form, and adds the file.</summary>
    /// <exception cref="RefusedCallException">It is not what it should be.</exception>
    public async Task<FileRecord> ReadAsync(HttpContext context, CancellationToken cancellationToken)
    {
        try
        {
            var reader = new MultipartReader(BoundaryOf(context), context.Request.Body, BufferBytes);
            for (var parts = 0; await reader.ReadNextSectionAsync(cancellationToken) is { } part; parts++)
            {
                if (parts == MaxParts)
                {
                    throw new RefusedCallException("", $"The form has more than {MaxParts} parts.");
                }

                await ReadPartAsync(part, cancellationToken);
            }
        }
        catch (Exception exception) when (IsBadForm(exception) && !cancellationToken.IsCancellationRequested)
        {
            throw new RefusedCallException("", "The body is not the form that its content type says, or is cut off.");
        }

        if (_name is null)
        {
            throw new RefusedCallException("file", "is required");
        }

        if (_fields.GetValueOrDefault("purpose") != Purpose)
        {
            throw new RefusedCallException("purpose", $"must be '{Purpose}'");
        }

        return (await upload.CompleteAsync(_name, Purpose, FindRetention(), cancellationToken)).OrThrow();
    }

    // What the reader says of a form that is none, and of one that ends too early. A body that is refused is one of these, too.
    private static bool IsBadForm(Exception exception) =>
        exception is InvalidDataException or IOException && exception is not BadHttpRequestException;

    // Some clients quote it, and have signs in it that need quotes.
    private static string BoundaryOf(HttpContext context)
    {
        if (MediaTypeHeaderValue.TryParse(GivenContentType.Of(context), out var type)
            && type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase)
            && HeaderUtilities.RemoveQuotes(type.Boundary) is { HasValue: true, Length: > 0 and <= MaxBoundary } boundary)
        {
            return boundary.Value!;
        }

        throw new RefusedCallException(CallError.Of(
            CallErrorKinds.UnsupportedMediaType,
            "The content type must be multipart/form-data, with a boundary."));
    }

    private async Task ReadPartAsync(MultipartSection part, CancellationToken cancellationToken)
    {
        if (!ContentDispositionHeaderValue.TryParse(part.ContentDisposition, out var disposition)
            || HeaderUtilities.RemoveQuotes(disposition.Name) is not { HasValue: true } quoted)
        {
            throw new RefusedCallException("", "A part of the form has no name.");
        }

        var name = quoted.ToString();
        if (name != "file")
        {
            _fields[name] = await ReadFieldAsync(name, part.Body, cancellationToken);
            return;
        }

        if (_name is not null)
        {
            throw new RefusedCallException("file", "must be given once only");
        }

        var fileName = HeaderUtilities.RemoveQuotes(
            disposition.FileNameStar.HasValue ? disposition.FileNameStar : disposition.FileName);
        _name = CallerText.Shorten(fileName.HasValue ? fileName.ToString() : "file", MaxName);
        await ReadFileAsync(part.Body, cancellationToken);
    }

    private async Task ReadFileAsync(Stream body, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            while (await body.ReadAsync(buffer, cancellationToken) is var count and > 0)
            {
                if (upload.Bytes + count > options.FileBytes)
                {
                    throw new RefusedCallException(CallError.Of(
                        CallErrorKinds.TooLarge,
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"The file is larger than {options.FileBytes} bytes ({OpenAiOptions.KeyOf(nameof(options.FileBytes))}).")));
                }

                if (await upload.WriteAsync(buffer.AsMemory(0, count), cancellationToken) is { } refusal)
                {
                    throw new RefusedCallException(CallError.FromRpc(refusal.ToStatus()));
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async Task<string> ReadFieldAsync(string name, Stream body, CancellationToken cancellationToken)
    {
        var buffer = new byte[MaxField + 1];
        var count = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return count > MaxField
            ? throw new RefusedCallException(CallerText.Quote(name), $"has more than {MaxField} bytes")
            : System.Text.Encoding.UTF8.GetString(buffer.AsSpan(0, count));
    }

    private TimeSpan FindRetention()
    {
        const string Field = "expires_after";
        var anchor = _fields.GetValueOrDefault($"{Field}[anchor]");
        var seconds = _fields.GetValueOrDefault($"{Field}[seconds]");
        if (anchor is null && seconds is null)
        {
            return options.FileRetention;
        }

        if (anchor != Anchor)
        {
            throw new RefusedCallException($"{Field}.anchor", $"must be '{Anchor}'");
        }

        if (!int.TryParse(seconds, NumberStyles.None, CultureInfo.InvariantCulture, out var given) || given < MinSeconds)
        {
            throw new RefusedCallException($"{Field}.seconds", $"must be a whole number, at least {MinSeconds}");
        }

        var wanted = TimeSpan.FromSeconds(given);
        return wanted < options.FileRetention ? wanted : options.FileRetention;
    }
}
