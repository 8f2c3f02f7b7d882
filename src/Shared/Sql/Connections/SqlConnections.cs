using System.Data.Common;
using Relaybox.Diagnostics;
using Relaybox.Timing;

namespace Relaybox.Sql;

/// <summary>
/// Opens connections, pooled. The credentials come from the configuration or from a secret; where the server refuses
/// those of a secret, it is read again once, so that a rotation needs no restart.
/// </summary>
internal abstract class SqlConnections : IExplainsFailures
{
    /// <summary>Opens a connection for statements that leave nothing behind in its session.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal abstract ValueTask<DbConnection> OpenAsync(CancellationToken cancellationToken);

    /// <summary>A text. A database whose parameters have places ignores the name; there the order counts.</summary>
    internal abstract DbParameter Text(string name, string? value);

    /// <summary>A number.</summary>
    /// <inheritdoc cref="Text" />
    internal abstract DbParameter Integer(string name, int value);

    /// <summary>A large number.</summary>
    /// <inheritdoc cref="Text" />
    internal abstract DbParameter Long(string name, long value);

    /// <summary>An event's id, as its column has it.</summary>
    /// <inheritdoc cref="Text" />
    internal abstract DbParameter Id(string name, string value);

    /// <summary>A time.</summary>
    /// <inheritdoc cref="Text" />
    internal abstract DbParameter Time(string name, DateTimeOffset? value);

    /// <summary>A length of time.</summary>
    /// <inheritdoc cref="Text" />
    internal abstract DbParameter Interval(string name, TimeSpan value);

    /// <summary>
    /// Throws all connections away where a call failed because the server takes no writes: the host's name may lead to the primary by
    /// now, and what is pooled never would. The pool of a caller's data source is the caller's.
    /// </summary>
    /// <param name="exception">What the call threw.</param>
    internal abstract void LeaveReadOnlyServer(Exception exception);

    /// <summary>Whether a failed call can succeed later. It leaves a read-only server.</summary>
    /// <param name="exception">What the call threw.</param>
    internal bool IsTransient(Exception exception)
    {
        LeaveReadOnlyServer(exception);
        return CanSucceedLater(exception);
    }

    /// <summary>Whether a call failed because the server is away, starting, or not the primary. It leaves a read-only server.</summary>
    /// <param name="exception">What the call threw.</param>
    internal bool IsOutage(Exception exception)
    {
        // The next attempt is to connect anew where the server took no writes.
        LeaveReadOnlyServer(exception);
        return IsOfServer(exception);
    }

    /// <summary>Repeats calls whose failure is transient.</summary>
    /// <param name="time">The clock of the waits.</param>
    /// <param name="entropy">The source of their jitter.</param>
    internal RetryLoop Retries(TimeProvider time, IEntropy entropy) => RetryLoop.OfStore(IsTransient, time, entropy);

    /// <summary>
    /// Says what is wrong with the database where a call failed because of it, and what to do: it cannot be reached, refuses
    /// the user, lacks the tables, and so on.
    /// </summary>
    /// <param name="exception">What the call threw.</param>
    /// <returns>The failure, with <paramref name="exception"/> as its cause; null where the database is not to blame.</returns>
    public StoreFailedException? Explain(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        LeaveReadOnlyServer(exception);
        return Describe(exception) is { } text ? new StoreFailedException(text, exception) : null;
    }

    /// <summary>Whether the same call can succeed later.</summary>
    protected abstract bool CanSucceedLater(Exception exception);

    /// <summary>Whether the server is to blame, and nothing that was executed.</summary>
    protected abstract bool IsOfServer(Exception exception);

    /// <summary>Says what is wrong; null where the database is not to blame.</summary>
    protected abstract string? Describe(Exception exception);
}
