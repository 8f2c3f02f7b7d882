using System.Net.Sockets;
using Npgsql;
using Relaybox.Timing;

namespace Relaybox.Postgres;

/// <summary>Which failed calls say nothing about the row, and repeats them a few times.</summary>
internal sealed class PostgresFaults(TimeProvider time, IEntropy entropy)
{
    private const int MaxTries = 5;

    private readonly Backoff _backoff = new(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(1), entropy);

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

    /// <summary>Repeats a call that may be repeated.</summary>
    /// <param name="call">The call; it is told which try it is, from 1, and has to expect its own earlier effect.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal async Task<T> RepeatAsync<T>(Func<int, CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        Exception? last = null;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                if (last is not null)
                {
                    await Task.Delay(_backoff.After(attempt - 1), time, cancellationToken);
                }

                return await call(attempt, cancellationToken);
            }
            catch (Exception e) when (attempt < MaxTries && IsTransient(e) && !cancellationToken.IsCancellationRequested)
            {
                last = e;
            }
            catch (OperationCanceledException e) when (last is not null && e.InnerException is not NpgsqlException)
            {
                // Without it nobody would know why there was no time left.
                throw new OperationCanceledException(e.Message, last, e.CancellationToken);
            }
        }
    }
}
