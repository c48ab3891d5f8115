using System.Text;
using Batching.Engine.Content;

namespace Batching.Engine.Model;

/// <summary>One thing that is wrong with what a caller gave. Both texts are cut off, see <see cref="CallerText"/>.</summary>
/// <param name="Field">Where, as a path into the request message: <c>requests[3].path</c>.</param>
/// <param name="Message">What, as a sentence without its subject: "is required".</param>
public sealed record Problem(string Field, string Message)
{
    private const int MaxFieldLength = 120;
    private const int MaxMessageLength = 300;
    private const int FramingBytes = 8;

    /// <summary>At most 120 characters.</summary>
    public string Field { get; } = CallerText.Shorten(Field, MaxFieldLength);

    /// <summary>At most 300 characters.</summary>
    public string Message { get; } = CallerText.Shorten(Message, MaxMessageLength);

    /// <summary>The same for programs, where a dialect has words for it; else empty.</summary>
    public string Code { get; init; } = "";

    /// <summary>Bytes that it takes in an error, as protobuf has it.</summary>
    internal int Bytes => Encoding.UTF8.GetByteCount(Field) + Encoding.UTF8.GetByteCount(Message) + FramingBytes;
}
