using System.Net.Sockets;
using Npgsql;
using Relaybox.Diagnostics;

namespace Relaybox.Postgres;

/// <summary>Which failed calls say nothing about the row.</summary>
internal static class PostgresFaults
{
    // Npgsql has no other sign that none of several hosts was up, or took writes.
    private const string NoHost = "suitable host";

    /// <summary>
    /// Whether a call failed on its way, or because it met another transaction, or because the server was ending, starting or
    /// read-only: the same call can succeed later. Whether it took effect is not known.
    /// </summary>
    internal static bool IsTransient(Exception exception) => exception switch
    {
        _ when MemoryFault.IsIn(exception) => false,
        PostgresException e => e.IsTransient || e.SqlState is PostgresErrorCodes.AdminShutdown
            or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.ReadOnlySqlTransaction || (IsOfPooler(e) && !IsRefusal(e)),
        NpgsqlException e => e.IsTransient || e.InnerException is IOException or SocketException or TimeoutException || HasNoHost(e),
        IOException or SocketException or TimeoutException => true,
        _ => false,
    };

    /// <summary>Whether the server, or the transaction, takes no writes: it is a standby, or a primary that is one now.</summary>
    internal static bool IsOfReadOnlyServer(Exception exception) =>
        Cause(exception) is PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction };

    /// <summary>
    /// Whether the server was read-only, ending, starting, or could not be reached: no fault of what was executed, also where
    /// somebody else has wrapped the exception. A crash may be its fault.
    /// </summary>
    internal static bool IsOfServer(Exception exception) => Cause(exception) switch
    {
        _ when MemoryFault.IsIn(exception) => false,
        PostgresException e => e.SqlState is PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.AdminShutdown
            or PostgresErrorCodes.CannotConnectNow,
        NpgsqlException e => e.InnerException is SocketException || HasNoHost(e),
        _ => false,
    };

    /// <summary>Whether none of several hosts was up and took writes.</summary>
    internal static bool HasNoHost(NpgsqlException exception) => exception.Message.Contains(NoHost, StringComparison.Ordinal);

    /// <summary>Whether the user or the password is not one that the server, or the pooler before it, lets in.</summary>
    internal static bool IsRefusal(PostgresException exception) =>
        exception.SqlState is PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification
        || (IsOfPooler(exception) && (exception.MessageText.Contains("authentication failed", StringComparison.Ordinal)
            || exception.MessageText.Contains("no such user", StringComparison.Ordinal)));

    /// <summary>What is kept of a failure: the server's code or the exception's name, never its text.</summary>
    internal static string Name(Exception exception) =>
        exception is PostgresException e ? e.SqlState : exception.GetType().Name;

    private static NpgsqlException? Cause(Exception? exception)
    {
        while (exception is not (null or NpgsqlException))
        {
            exception = exception.InnerException;
        }

        return (NpgsqlException?)exception;
    }

    // What pgbouncer itself has to say has always this code and ends the connection: a server that is gone or does not let it
    // in, a wait that was too long, its own end, and a client whom it refuses. Only the words tell one from the other.
    private static bool IsOfPooler(PostgresException exception) =>
        exception is { SqlState: PostgresErrorCodes.ProtocolViolation, Severity: "FATAL" };
}
