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
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(2);

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
    private bool _isLost;

    // How long to sleep before asking again: short at first, for the writers that did not see the announcement. Zero: none is made.
    private TimeSpan _pause;

    private bool IsAnnounced => signalOptions.Listen && _pause > TimeSpan.Zero;

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
                // Rows that came before the listening began are announced by nobody: the caller has to look once more.
                await ListenAsync(cancellationToken);
                return;
            }

            await _withdrawing;
            if (!_notified)
            {
                await SleepAsync(_connection, Left, cancellationToken);
            }

            if (_notified && time.GetElapsedTime(start) < ShortestWait)
            {
                // Rows come while the caller works, so that it does not sleep, and nobody needs to notify it. This goes on beside its work.
                _pause = TimeSpan.Zero;
                _withdrawing = AskAsync(_connection, TimeSpan.Zero, CancellationToken.None);
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

        _withdrawing = Task.CompletedTask;
    }

    /// <summary>How many seconds until something is due: 0 or less where something is, a day where nothing ever is.</summary>
    internal static string PeekSql(PostgresNames names) => $"SELECT {names.UntilDue}()";

    /// <summary>Announces a wait for so many milliseconds, and tells the same. With 0 the announcement ends, and it tells nothing.</summary>
    internal static string AwaitSql(PostgresNames names) => $"SELECT {names.Await}($1)";

    // Until there is something to look for.
    private async Task SleepAsync(NpgsqlConnection connection, Func<TimeSpan> left, CancellationToken cancellationToken)
    {
        if (left() <= TimeSpan.Zero)
        {
            return;
        }

        if (IsAnnounced)
        {
            await PauseAsync(connection, TimeSpan.Zero, TimeArithmetic.Shorter(BeforeAsking, _pause), left, cancellationToken);
        }
        else if (signalOptions.Listen && _foundRows)
        {
            await PauseAsync(connection, TimeSpan.Zero, ShortestWait, left, cancellationToken);
            if (_notified || left() <= TimeSpan.Zero || await AskAsync(connection, announcement: null, cancellationToken) <= TimeSpan.Zero)
            {
                return;
            }
        }

        for (var isFirst = true; !_notified && left() > TimeSpan.Zero; isFirst = false)
        {
            // Due rows that the caller has just not been able to claim are no reason to come back at once.
            var isNews = !isFirst || _pause < signalOptions.PollInterval;
            var untilDue = signalOptions.Listen
                ? await AnnounceAsync(connection, cancellationToken)
                : await AskAsync(connection, announcement: null, cancellationToken);
            if (_notified || (untilDue <= TimeSpan.Zero && isNews))
            {
                return;
            }

            await PauseAsync(connection, untilDue, _pause, left, cancellationToken);
        }
    }

    // Asks, with the announcement that the caller sleeps: first of all, and again before its time is over.
    private async Task<TimeSpan> AnnounceAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var untilDue = await AskAsync(connection, Announcement, cancellationToken);
        _pause = TimeArithmetic.Shorter(IsAnnounced ? _pause * 2 : FirstPause, signalOptions.PollInterval);
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
        _pause = signalOptions.Listen ? TimeSpan.Zero : signalOptions.PollInterval;
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

    // How long it is until something is due. With an announcement for some time, or for none, which ends it.
    private async Task<TimeSpan> AskAsync(NpgsqlConnection connection, TimeSpan? announcement, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(announcement is null ? _peek : _await, connection) { CommandTimeout = CommandTimeoutSeconds };
        if (announcement is { } time)
        {
            command.Parameters.Add(Parameters.Long((long)time.TotalMilliseconds));
        }

        return await command.ExecuteScalarAsync(cancellationToken) is double seconds
            ? TimeSpan.FromSeconds(Math.Clamp(seconds, 0, TimeSpan.SecondsPerDay))
            : TimeSpan.FromDays(1);
    }

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
