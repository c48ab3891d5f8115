using System.Globalization;
using System.Net.Sockets;
using Batching.Engine.Storage;
using Npgsql;

namespace Batching.Storage.Postgres;

/// <summary>Translates the errors of PostgreSQL and of the connection to it for the engine. The messages name neither hosts nor SQL.</summary>
internal static class PostgresFaults
{
    /// <summary>The error of a change by a gateway that was taken over from. See the migrations.</summary>
    public const string TakenOver = "BG001";

    /// <summary>The error of a batch whose owner has another one with the same key. Its message is the batch's number.</summary>
    public const string SubmissionKeyTaken = "BG003";

    /// <summary>Whether an error comes from the database or from the way to it.</summary>
    public static bool IsFault(Exception error) =>
        error is NpgsqlException or SocketException or IOException or TimeoutException;

    /// <summary>
    /// Whether the server has said that the transaction was undone. An error that ends the connection may come after the
    /// commit.
    /// </summary>
    public static bool IsUndone(Exception error) => error is PostgresException { InvariantSeverity: "ERROR" };

    /// <summary>
    /// Whether the same change may be made if it is tried again at once: two gateways have waited for each other, or one was a moment
    /// earlier with a submission key.
    /// </summary>
    public static bool IsRace(Exception error) => error is PostgresException
    {
        SqlState: PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure,
    }
    or PostgresException
    {
        SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "batches_by_submission_key",
    };

    /// <summary>Puts the error into the engine's words.</summary>
    public static Exception Translate(Exception error) => error switch
    {
        PostgresException { SqlState: TakenOver } => new StoreUnavailableException(
            "Another gateway has taken over the store.", error),
        PostgresException { SqlState: SubmissionKeyTaken } taken => new SubmissionKeyTakenException(
            long.Parse(taken.MessageText, CultureInfo.InvariantCulture)),

        // A value that is larger than one may be is as good as too large for what is left.
        PostgresException { SqlState: "53100" or "54000" } => new StoreUnavailableException("The store is full.", error)
        {
            IsFull = true,
        },
        PostgresException { SqlState: ['X', 'X', ..] } => new StoreUnusableException(
            "The database is damaged. Stop the service and restore it from a backup.", error),
        PostgresException { SqlState: var state } when !IsTransient(state) => new InvalidOperationException(
            "The store refused a change that contradicts what it holds.", error),
        _ => new StoreUnavailableException("The store can't be read or written at the moment.", error),
    };

    /// <summary>Puts an error of the start into the engine's words, which are for the operator.</summary>
    public static Exception TranslateStart(Exception error) => error switch
    {
        PostgresException { SqlState: ['2', '8', ..] or "3D000" or "42501" } refused => new StoreUnusableException(
            $"The database of {PostgresStoreOptions.ConnectionKey} can't be used: {refused.MessageText}.", error),
        PostgresException other when !IsTransient(other.SqlState) => new StoreUnusableException(
            $"The database of {PostgresStoreOptions.ConnectionKey} can't be opened: {other.MessageText} ({other.SqlState}).", error),
        _ => new StoreUnavailableException(
            $"The database of {PostgresStoreOptions.ConnectionKey} can't be reached: {(error.InnerException ?? error).Message}", error),
    };

    /// <summary>The name of the error, for the log.</summary>
    public static string NameOf(Exception error) => error switch
    {
        PostgresException postgres => $"{postgres.SqlState}: {postgres.MessageText}",
        { InnerException: { } inner } => inner.Message,
        _ => error.Message,
    };

    // Appendix A of PostgreSQL's manual: lost connections, a transaction that lost a race, no resources, a wait that was ended, a
    // shutdown, a server that only reads (one that has not become the primary yet), a failed disk.
    private static bool IsTransient(string state) =>
        state is ['0', '8', ..] or ['4', '0', ..] or ['5', '3', ..] or ['5', '5', ..] or ['5', '7', ..] or ['5', '8', ..]
            or ['2', '8', ..] or "25006" or "25P03" or "25P04" or "3D000";
}
