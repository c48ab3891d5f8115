using System.IO.Compression;
using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Net.Http.Headers;

namespace Batching.Server.Pages;

/// <summary>A file for browsers that an assembly brings along. It is read when it is first asked for.</summary>
/// <param name="assembly">What brings it.</param>
/// <param name="name">Its name there; the extension tells the type.</param>
internal sealed class WebFile(Assembly assembly, string name)
{
    private static readonly FileExtensionContentTypeProvider Types = new();

    private readonly Lazy<(byte[] Bytes, EntityTagHeaderValue Tag)> _content = new(() => Read(assembly, name));

    private readonly string _type = !Types.TryGetContentType(name, out var type)
        ? throw new ArgumentException($"{name} is of no known type.", nameof(name))
        : type.StartsWith("text/", StringComparison.Ordinal) ? $"{type}; charset=utf-8" : type;

    /// <summary>Answers with it. Browsers ask each time whether theirs is still the same.</summary>
    /// <param name="context">The call.</param>
    /// <param name="policy">What it may load and do, if it is a page.</param>
    public Task AnswerAsync(HttpContext context, string? policy = null)
    {
        var headers = context.Response.Headers;
        headers.CacheControl = "no-cache";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        if (policy is not null)
        {
            headers.ContentSecurityPolicy = policy;
            headers["Cross-Origin-Opener-Policy"] = "same-origin";
            headers["Referrer-Policy"] = "no-referrer";
        }

        var (bytes, tag) = _content.Value;
        return Results.Bytes(bytes, _type, entityTag: tag).ExecuteAsync(context);
    }

    private static (byte[] Bytes, EntityTagHeaderValue Tag) Read(Assembly assembly, string name)
    {
        using var stream = assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{assembly.GetName().Name} has no {name}.");
        using var content = new MemoryStream();
        stream.CopyTo(content);
        var bytes = content.ToArray();

        // Swashbuckle brings its files compressed.
        if (bytes.AsSpan().StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]))
        {
            using var packed = new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress);
            using var unpacked = new MemoryStream();
            packed.CopyTo(unpacked);
            bytes = unpacked.ToArray();
        }

        return (bytes, new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]}\""));
    }
}
