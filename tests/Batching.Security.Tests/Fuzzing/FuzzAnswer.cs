using System.Globalization;

namespace Batching.Security.Tests.Fuzzing;

/// <summary>What came of a call.</summary>
/// <param name="Status">The status code of HTTP.</param>
/// <param name="GrpcStatus">The status code of gRPC; null where the reply is none of gRPC.</param>
/// <param name="Message">What gRPC says beside it.</param>
internal sealed record FuzzAnswer(int Status, string? GrpcStatus, string Message)
{
    /// <summary>
    /// Whether the server says at most that what it got is wrong, never that it is wrong itself. Over gRPC, INTERNAL (13) is
    /// the word for a message or a field that can't be read, and nothing else may be called so; UNKNOWN (2) is an exception.
    /// </summary>
    public bool IsExpected => Status < 500 && GrpcStatus switch
    {
        null => true,
        "none" or "2" => false,
        "13" => IsAboutTheMessage,
        _ => true,
    };

    private bool IsAboutTheMessage =>
        Message.Contains("message", StringComparison.OrdinalIgnoreCase) || Message.Contains("malformed", StringComparison.Ordinal);

    public override string ToString() => GrpcStatus is null
        ? Status.ToString(CultureInfo.InvariantCulture)
        : $"gRPC {GrpcStatus}{(GrpcStatus == "13" ? $" {Message}" : "")}";
}
