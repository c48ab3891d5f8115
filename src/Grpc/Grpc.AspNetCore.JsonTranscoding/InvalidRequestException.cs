using Google.Rpc;

namespace Grpc.AspNetCore.JsonTranscoding;

/// <summary>
/// A request that can't be turned into a message. The caller gets <c>INVALID_ARGUMENT</c> with
/// <see cref="BadRequest"/> details; nothing is logged above debug level.
/// </summary>
public sealed class InvalidRequestException : Exception
{
    /// <summary>A request with one bad field.</summary>
    /// <param name="field">The path of the field, for example <c>requests[3].path</c>; empty for the request as
    /// a whole.</param>
    /// <param name="message">What is wrong with it, in words for the caller.</param>
    public InvalidRequestException(string field, string message)
        : this([new BadRequest.Types.FieldViolation { Field = field, Description = message }])
    {
    }

    /// <summary>A request with several bad fields, named all at once.</summary>
    /// <param name="violations">At least one.</param>
    public InvalidRequestException(IEnumerable<BadRequest.Types.FieldViolation> violations)
    {
        Details.FieldViolations.Add(violations);
        ArgumentOutOfRangeException.ThrowIfZero(Details.FieldViolations.Count, nameof(violations));
    }

    /// <summary>What is wrong, field by field.</summary>
    public BadRequest Details { get; } = new();

    /// <inheritdoc/>
    public override string Message
    {
        get
        {
            var first = Details.FieldViolations[0];
            return first.Field.Length == 0 ? first.Description : $"{first.Field}: {first.Description}";
        }
    }
}
