using System.Net.Sockets;
using MySqlConnector;
using Relaybox.Diagnostics;

namespace Relaybox.MySql;

/// <summary>Which failed calls say nothing about the row.</summary>
internal static class MySqlFaults
{
    private const int Signalled = 1644;

    // MySQL's error of a CHECK has no SQLSTATE of its own. MariaDB's has.
    private const int CheckViolated = 3819;

    // Which option of the server is in the way stands in the text alone, and is not translated.
    private const int OptionPreventsStatement = 1290;

    /// <summary>The user, the password, or the user's right to connect. An account that is locked or expired can be another by now.</summary>
    private static readonly HashSet<int> Refusals = [1044, 1045, 1698, 1862, 3118, 4151];

    /// <summary>The server is ending, starting, or not ready yet (Galera), or has ended the session.</summary>
    private static readonly HashSet<int> Ending = [1047, 1053, 1077, 1079, 1927, 4031];

    /// <summary>Packets that were lost on their way. A packet that is too large (1153) is none of these.</summary>
    private static readonly HashSet<int> Lost = [1152, 1154, 1155, 1156, 1157, 1158, 1159, 1160, 1161, 1184];

    /// <summary>There is no connection left, for anybody or for this user; a row is locked; a group of servers has rolled a commit back.</summary>
    private static readonly HashSet<int> Busy = [1040, 1203, 1226, 3100, 3101, 3572];

    // 1020 is MariaDB's: a row has changed since the transaction's snapshot.
    private static readonly HashSet<int> Ended = [1020, 1205, 1213, 3100, 3101];

    /// <summary>
    /// Whether a call failed on its way, or because it met another transaction, or because the server was ending, starting or
    /// read-only: the same call can succeed later. Whether it took effect is not known.
    /// </summary>
    internal static bool IsTransient(Exception exception) => exception switch
    {
        _ when MemoryFault.IsIn(exception) => false,
        ReadOnlyServerException => true,
        MySqlException e => e.IsTransient || Ended.Contains(e.Number) || Ending.Contains(e.Number) || Lost.Contains(e.Number)
            || Busy.Contains(e.Number) || IsReadOnly(e) || IsOfDriver(e),
        IOException or SocketException or TimeoutException => true,
        _ => false,
    };

    /// <summary>Whether an error of the server means that it has rolled the transaction back: the whole of it has to be repeated.</summary>
    internal static bool EndsTransaction(MySqlException e) => Ended.Contains(e.Number);

    /// <summary>Whether the server, or the transaction, takes no writes: it is a replica, or a primary that is one now.</summary>
    internal static bool IsOfReadOnlyServer(Exception exception) =>
        Cause(exception) is ReadOnlyServerException || (Cause(exception) is MySqlException e && IsReadOnly(e));

    /// <summary>
    /// Whether the server was read-only, ending, starting, or could not be reached: no fault of what was executed, also where
    /// somebody else has wrapped the exception. A crash may be its fault.
    /// </summary>
    internal static bool IsOfServer(Exception? exception) => Cause(exception) switch
    {
        _ when MemoryFault.IsIn(exception) => false,
        ReadOnlyServerException => true,
        MySqlException e => IsReadOnly(e) || Ending.Contains(e.Number) || e.ErrorCode == MySqlErrorCode.UnableToConnectToHost,
        _ => false,
    };

    /// <summary>Whether the user or the password is not one that the server lets in.</summary>
    internal static bool IsRefusal(Exception exception) => exception is MySqlException e && Refusals.Contains(e.Number);

    /// <summary>
    /// Whether an exception of a commit leaves its outcome open. An error of the server's does not: it has rolled back, unless it is one
    /// of a server or a session that is ending.
    /// </summary>
    internal static bool LeavesOutcomeOpen(Exception exception) => exception switch
    {
        MySqlException e => e.Number == 0 || IsOfDriver(e) || Ending.Contains(e.Number) || Lost.Contains(e.Number)
            || e.ErrorCode is MySqlErrorCode.QueryInterrupted or MySqlErrorCode.ErrorDuringCommit,
        IOException or SocketException or TimeoutException or OperationCanceledException => true,
        _ => false,
    };

    /// <summary>Whether a rule of the database did not hold: a key, a check, or what a trigger or a procedure demands by SIGNAL.</summary>
    internal static bool IsFailedCondition(MySqlException e) =>
        e.Number is CheckViolated or Signalled
        || (e.SqlState is { } state && (state.StartsWith("23", StringComparison.Ordinal) || state.StartsWith("45", StringComparison.Ordinal)));

    /// <summary>What is kept of a failure: the server's code or the exception's name, never its text.</summary>
    internal static string Name(Exception exception) =>
        exception is MySqlException { Number: > 0 } e ? $"{e.Number} ({e.SqlState})" : exception.GetType().Name;

    /// <summary>Whether the driver itself says it: the server was not reached, did not answer in time, or was lost.</summary>
    internal static bool IsOfDriver(MySqlException e) =>
        e.SqlState is null && (e.ErrorCode is MySqlErrorCode.UnableToConnectToHost or MySqlErrorCode.CommandTimeoutExpired
            || e.Number is >= 2000 and < 3000 || e.InnerException is IOException or SocketException or TimeoutException);

    private static bool IsReadOnly(MySqlException e) => e.Number is 1792 or 1836
        || (e.Number == OptionPreventsStatement && (e.Message.Contains("read-only", StringComparison.OrdinalIgnoreCase)
            || e.Message.Contains("read_only", StringComparison.OrdinalIgnoreCase)));

    private static Exception? Cause(Exception? exception)
    {
        while (exception is not (null or MySqlException or ReadOnlyServerException))
        {
            exception = exception.InnerException;
        }

        return exception;
    }
}
