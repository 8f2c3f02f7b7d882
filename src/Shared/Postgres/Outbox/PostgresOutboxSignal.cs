using Microsoft.Extensions.Logging;
using Npgsql;
using Relaybox.Diagnostics;
using Relaybox.Outbox;
using Relaybox.Timing;

namespace Relaybox.Postgres;

/// <summary>
/// Waits for new rows by LISTEN, and asks the table besides. Notifications make it fast; asking makes it right: where they
/// do not come, it is as late as <see cref="PostgresSignalOptions.PollInterval"/>. One caller waits at a time.
/// Notifying costs the writers much, so they do it only while a relay has announced that it sleeps. While rows keep coming the relay
/// does not sleep: it asks every few milliseconds, and nobody notifies.
/// </summary>
/// <param name="connections">The database. One of its connections is kept while this lives.</param>
/// <param name="options">The names.</param>
/// <param name="signalOptions">How to wait.</param>
/// <param name="time">The clock of the waits without a connection.</param>
/// <param name="logger">The log.</param>
internal sealed class PostgresOutboxSignal(
    PostgresConnections connections,
    PostgresOptions options,
    PostgresSignalOptions signalOptions,
    TimeProvider time,
    ILogger<PostgresOutboxSignal> logger) : IOutboxSignal, IExplainsFailures
{
    // A dead connection must not hold up the wait for longer than somebody would notice.
    private const int CommandTimeoutSeconds = 5;

    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(1);

    // Under load the next notification comes sooner than this, and the question would be for nothing.
    private static readonly TimeSpan BeforeAsking = TimeSpan.FromMilliseconds(5);

    // For how long the writers are asked to notify. Longer than a wait, and no longer than writers may notify a relay that has died.
    private static readonly TimeSpan Announcement = TimeSpan.FromSeconds(30);

    private readonly PostgresNames _names = new(options);
    private readonly string _peek = PeekSql(new PostgresNames(options));
    private readonly string _await = AwaitSql(new PostgresNames(options));
    private NpgsqlConnection? _connection;
    private Task _withdrawing = Task.CompletedTask;
    private bool _notified;
    private bool _foundRows;
    private bool _isAnnounced;
    private bool _isLost;

    // How long to sleep before asking again: short at first, for the writers who did not see the announcement.
    private TimeSpan _pause;

    /// <inheritdoc />
    public void FoundRows() => _foundRows = true;

    /// <inheritdoc />
    public async Task WaitAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        try
        {
            if (_connection is null)
            {
                // Whatever came before the listening began is not announced: the caller has to look once more.
                await ListenAsync(cancellationToken);
                return;
            }

            await _withdrawing;
            if (!_notified)
            {
                await (signalOptions.Listen ? SleepAsync(_connection, Left, cancellationToken) : PollAsync(_connection, Left, cancellationToken));
            }

            if (_notified && time.GetElapsedTime(start) < ShortestWait)
            {
                // Rows come while the caller works, so that it does not sleep, and nobody needs to notify it. This goes on beside its work.
                _isAnnounced = false;
                _withdrawing = AwaitAsync(_connection, TimeSpan.Zero, CancellationToken.None);
            }

            (_notified, _foundRows) = (false, false);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            await LoseAsync(e);
            await Task.Delay(
                TimeArithmetic.Longer(TimeArithmetic.Shorter(signalOptions.PollInterval, Left()), TimeSpan.Zero), time, cancellationToken);
        }

        TimeSpan Left() => longest - time.GetElapsedTime(start);
    }

    /// <inheritdoc />
    public bool IsOutage(Exception exception) => connections.IsTransient(exception);

    /// <inheritdoc />
    StoreFailedException? IExplainsFailures.Explain(Exception exception) => connections.Explain(exception);

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_connection is { } connection)
        {
            _connection = null;
            await using (connection)
            {
                await EndListeningAsync(connection);
            }
        }

        (_isAnnounced, _withdrawing) = (false, Task.CompletedTask);
    }

    /// <summary>How many seconds until something is due: 0 or less where something is, a day where nothing ever is.</summary>
    internal static string PeekSql(PostgresNames names) => $"SELECT {names.UntilDue}()";

    /// <summary>Announces a wait for so many milliseconds, and tells the same. With 0 the announcement ends, and it tells nothing.</summary>
    internal static string AwaitSql(PostgresNames names) => $"SELECT {names.Await}($1)";

    // Without notifications.
    private async Task PollAsync(NpgsqlConnection connection, Func<TimeSpan> left, CancellationToken cancellationToken)
    {
        for (var isFirst = true; ; isFirst = false)
        {
            var untilDue = await PeekAsync(connection, cancellationToken);
            if (left() <= TimeSpan.Zero || (untilDue <= TimeSpan.Zero && !isFirst))
            {
                return;
            }

            await PauseAsync(connection, untilDue, signalOptions.PollInterval, left, cancellationToken);
        }
    }

    private async Task SleepAsync(NpgsqlConnection connection, Func<TimeSpan> left, CancellationToken cancellationToken)
    {
        if (left() <= TimeSpan.Zero)
        {
            return;
        }

        if (_foundRows && !_isAnnounced)
        {
            await PauseAsync(connection, TimeSpan.Zero, ShortestWait, left, cancellationToken);
            if (_notified || left() <= TimeSpan.Zero || await PeekAsync(connection, cancellationToken) <= TimeSpan.Zero)
            {
                return;
            }
        }

        var untilDue = TimeSpan.Zero;
        if (!_isAnnounced)
        {
            // What was committed before this is not announced, and what it finds is news.
            untilDue = await AnnounceAsync(connection, cancellationToken);
            if (untilDue <= TimeSpan.Zero)
            {
                return;
            }
        }

        for (var isFirst = untilDue <= TimeSpan.Zero; !_notified && left() > TimeSpan.Zero; isFirst = false)
        {
            await PauseAsync(connection, untilDue, isFirst ? TimeArithmetic.Shorter(BeforeAsking, _pause) : _pause, left, cancellationToken);
            if (_notified)
            {
                return;
            }

            // Due rows that the caller has just not been able to claim are no reason to come back at once.
            untilDue = await AwaitAsync(connection, Announcement, cancellationToken);
            var isNews = !isFirst || _pause < signalOptions.PollInterval;
            _pause = TimeArithmetic.Shorter(_pause * 2, signalOptions.PollInterval);
            if (untilDue <= TimeSpan.Zero && isNews)
            {
                return;
            }
        }
    }

    private async Task<TimeSpan> AnnounceAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var untilDue = await AwaitAsync(connection, Announcement, cancellationToken);
        (_isAnnounced, _pause) = (true, TimeArithmetic.Shorter(ShortestWait * 2, signalOptions.PollInterval));
        return untilDue;
    }

    // Until a notification comes, something is due, or the time is over.
    private static Task PauseAsync(
        NpgsqlConnection connection, TimeSpan untilDue, TimeSpan pause, Func<TimeSpan> left, CancellationToken cancellationToken)
    {
        var slice = untilDue > TimeSpan.Zero ? TimeArithmetic.Shorter(untilDue, pause) : pause;
        return connection.WaitAsync(TimeArithmetic.Longer(TimeArithmetic.Shorter(slice, left()), ShortestWait), cancellationToken);
    }

    // Its session may serve others after this, as it is.
    private async Task EndListeningAsync(NpgsqlConnection connection)
    {
        try
        {
            // An announcement stays until its time is over: another relay may sleep that relies on it.
            await _withdrawing;
            await using var end = new NpgsqlCommand("UNLISTEN *", connection) { CommandTimeout = CommandTimeoutSeconds };
            await end.ExecuteNonQueryAsync(CancellationToken.None);
        }
        catch (Exception e) when (e is NpgsqlException or InvalidOperationException || PostgresFaults.IsTransient(e))
        {
            // A connection that is broken listens no more.
        }
    }

    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        var connection = await connections.OpenConnectionAsync(cancellationToken);
        try
        {
            if (signalOptions.Listen)
            {
                connection.Notification += (_, _) => _notified = true;
                await using var listen = new NpgsqlCommand($"LISTEN {_names.Channel}", connection) { CommandTimeout = CommandTimeoutSeconds };
                await listen.ExecuteNonQueryAsync(cancellationToken);
                await AnnounceAsync(connection, cancellationToken);
            }
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }

        (_connection, _notified, _foundRows) = (connection, false, false);
        if (_isLost)
        {
            _isLost = false;
            Log.SignalRestored(logger);
        }
    }

    private async Task<TimeSpan> PeekAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(_peek, connection) { CommandTimeout = CommandTimeoutSeconds };
        return UntilDue(await command.ExecuteScalarAsync(cancellationToken));
    }

    private async Task<TimeSpan> AwaitAsync(NpgsqlConnection connection, TimeSpan announcement, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(_await, connection) { CommandTimeout = CommandTimeoutSeconds };
        command.Parameters.Add(Parameters.Long((long)announcement.TotalMilliseconds));
        return UntilDue(await command.ExecuteScalarAsync(cancellationToken));
    }

    private static TimeSpan UntilDue(object? answer) => answer is double seconds
        ? TimeSpan.FromSeconds(Math.Clamp(seconds, 0, TimeSpan.SecondsPerDay))
        : TimeSpan.FromDays(1);

    private async Task LoseAsync(Exception exception)
    {
        if (!_isLost)
        {
            _isLost = true;
            Log.SignalLost(logger, PostgresFaults.Name(exception));
        }

        await DisposeAsync();
    }
}
