using System.Net.Sockets;
using Npgsql;
using Relaybox.Timing;

namespace Relaybox.Postgres;

/// <summary>Which failed calls say nothing about the row.</summary>
internal static class PostgresFaults
{
    private const int MaxTries = 5;

    /// <summary>
    /// Whether a call failed on its way, or because it met another transaction, or because the server was ending or
    /// starting: the same call can succeed later. Whether it took effect is not known.
    /// </summary>
    internal static bool IsTransient(Exception exception) => exception switch
    {
        PostgresException e => e.IsTransient || e.SqlState is PostgresErrorCodes.AdminShutdown
            or PostgresErrorCodes.CrashShutdown || (IsOfPooler(e) && !IsRefusal(e)),
        NpgsqlException e => e.IsTransient || e.InnerException is IOException or SocketException or TimeoutException,
        IOException or SocketException or TimeoutException => true,
        _ => false,
    };

    /// <summary>Whether the user or the password is not one that the server, or the pooler before it, lets in.</summary>
    internal static bool IsRefusal(PostgresException exception) =>
        exception.SqlState is PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification
        || (IsOfPooler(exception) && (exception.MessageText.Contains("authentication failed", StringComparison.Ordinal)
            || exception.MessageText.Contains("no such user", StringComparison.Ordinal)));

    /// <summary>What is kept of a failure: the server's code or the exception's name, never its text.</summary>
    internal static string Name(Exception exception) =>
        exception is PostgresException e ? e.SqlState : exception.GetType().Name;

    // What pgbouncer itself has to say has always this code and ends the connection: a server that is gone or does not let it
    // in, a wait that was too long, its own end, and a client whom it refuses. Only the words tell one from the other.
    private static bool IsOfPooler(PostgresException exception) =>
        exception is { SqlState: PostgresErrorCodes.ProtocolViolation, Severity: "FATAL" };

    /// <summary>Repeats calls that failed in this way.</summary>
    internal static RetryLoop Retries(TimeProvider time, IEntropy entropy) => new(
        MaxTries, new Backoff(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(1), entropy), IsTransient, time);
}
