using Microsoft.AspNetCore.Http;

namespace Batching.SampleApi;

/// <summary>Replies that are the same bytes every time.</summary>
internal static class FixedReplies
{
    private static readonly byte[] ImageBytes = ReadImage();

    public static IResult Image() => Results.Bytes(ImageBytes, "image/png");

    public static IResult Text() => Results.Text("Plain text: naïve café, 10 €, 日本語\n", "text/plain; charset=utf-8");

    public static IResult Empty() => Results.NoContent();

    /// <summary>An integer beyond 2^53 and a number with a trailing zero: both change if a double holds them.</summary>
    public static IResult Numbers() => Results.Text("""{"n": 12345678901234567890, "d": 1.10}"""u8, "application/json");

    private static byte[] ReadImage()
    {
        using var resource = typeof(FixedReplies).Assembly.GetManifestResourceStream("image.png")
            ?? throw new InvalidOperationException("The image is missing from this assembly.");
        var image = new byte[resource.Length];
        resource.ReadExactly(image);
        return image;
    }
}
