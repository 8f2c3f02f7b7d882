using System.Data;
using System.Net.Sockets;
using Npgsql;
using Relaybox.Outbox;

namespace Relaybox.Postgres;

/// <summary>What became of a transaction that somebody else was given, or whose commit failed.</summary>
internal static class PostgresTransactions
{
    /// <exception cref="TransactionEndedException">The transaction is no longer open.</exception>
    internal static void ThrowIfEnded(NpgsqlTransaction transaction)
    {
        if (!IsOpen(transaction))
        {
            throw new TransactionEndedException();
        }
    }

    /// <summary>Whether an exception of a commit leaves its outcome open. An error of the server's does not: it has rolled back.</summary>
    internal static bool LeavesOutcomeOpen(Exception exception) => exception switch
    {
        PostgresException e => e.InvariantSeverity is "FATAL" or "PANIC",
        NpgsqlException or IOException or SocketException or TimeoutException or OperationCanceledException => true,
        _ => false,
    };

    private static bool IsOpen(NpgsqlTransaction transaction)
    {
        try
        {
            // Throws where the transaction was completed or disposed; the driver has no other way to ask.
            _ = transaction.IsolationLevel;
            return transaction.Connection is { State: ConnectionState.Open };
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
