using Microsoft.Extensions.Logging;
using Npgsql;
using Relaybox.Diagnostics;
using Relaybox.Outbox;
using Relaybox.Timing;

namespace Relaybox.Postgres;

/// <summary>
/// Waits for new rows by LISTEN, and asks the table besides. Notifications make it fast; asking makes it right: where they
/// do not come, it is as late as <see cref="PostgresSignalOptions.PollInterval"/>. One caller waits at a time.
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

    private readonly PostgresNames _names = new(options);
    private readonly string _peek = PeekSql(new PostgresNames(options));
    private NpgsqlConnection? _connection;
    private bool _notified;
    private bool _isLost;

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

            if (signalOptions.Listen && !_notified && longest > TimeSpan.Zero)
            {
                await _connection.WaitAsync(TimeArithmetic.Longer(TimeArithmetic.Shorter(BeforeAsking, longest), ShortestWait), cancellationToken);
            }

            for (var isFirst = true; !_notified; isFirst = false)
            {
                var left = longest - time.GetElapsedTime(start);
                var untilDue = await PeekAsync(_connection, cancellationToken);
                if (left <= TimeSpan.Zero || (untilDue <= TimeSpan.Zero && !isFirst) || _notified)
                {
                    break;
                }

                // Due rows that the caller has just not been able to claim are no reason to come back at once.
                var slice = untilDue > TimeSpan.Zero ? TimeArithmetic.Shorter(untilDue, signalOptions.PollInterval) : signalOptions.PollInterval;
                await _connection.WaitAsync(TimeArithmetic.Longer(TimeArithmetic.Shorter(slice, left), ShortestWait), cancellationToken);
            }

            _notified = false;
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            await LoseAsync(e);
            var left = longest - time.GetElapsedTime(start);
            await Task.Delay(TimeArithmetic.Longer(TimeArithmetic.Shorter(signalOptions.PollInterval, left), TimeSpan.Zero), time, cancellationToken);
        }
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
    }

    /// <summary>How many seconds until something is due: 0 or less where something is, a day where nothing ever is.</summary>
    internal static string PeekSql(PostgresNames names) => $"SELECT {names.UntilDue}()";

    // Its session may serve others after this, as it is.
    private static async Task EndListeningAsync(NpgsqlConnection connection)
    {
        try
        {
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
            }
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }

        _connection = connection;
        _notified = false;
        if (_isLost)
        {
            _isLost = false;
            Log.SignalRestored(logger);
        }
    }

    private async Task<TimeSpan> PeekAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(_peek, connection) { CommandTimeout = CommandTimeoutSeconds };
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
