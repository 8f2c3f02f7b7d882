using Microsoft.Extensions.Logging;
using MySqlConnector;
using Relaybox.Diagnostics;
using Relaybox.Outbox;
using Relaybox.Timing;

namespace Relaybox.MySql;

/// <summary>
/// Waits for new rows by asking for them: the server has no way to announce them. It asks often after there was something, and less and
/// less often while there is nothing. One caller waits at a time.
/// </summary>
/// <param name="connections">The database.</param>
/// <param name="options">The names.</param>
/// <param name="time">The clock of the waits.</param>
/// <param name="logger">The log.</param>
internal sealed class MySqlOutboxSignal(
    MySqlConnections connections, MySqlOptions options, TimeProvider time, ILogger<MySqlOutboxSignal> logger) : IOutboxSignal, IExplainsFailures
{
    // A dead connection must not hold up the wait for longer than somebody would notice.
    private const int CommandTimeoutSeconds = 5;

    /// <summary>How long it waits before it asks for the first time.</summary>
    internal static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(10);

    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(500);

    private readonly string _untilDue = UntilDue(new MySqlNames(options));
    private bool _isLost;

    /// <inheritdoc />
    public async Task WaitAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        var interval = ShortestWait;
        for (var isFirst = true; ; isFirst = false)
        {
            var untilDue = await AskAsync(cancellationToken);
            var left = longest - time.GetElapsedTime(start);

            // Due rows that the caller has just not been able to claim are no reason to come back at once.
            if (left <= TimeSpan.Zero || (untilDue <= TimeSpan.Zero && !isFirst))
            {
                return;
            }

            var slice = untilDue > TimeSpan.Zero ? TimeArithmetic.Shorter(untilDue, interval) : interval;
            await Task.Delay(TimeArithmetic.Longer(TimeArithmetic.Shorter(slice, left), TimeSpan.FromMilliseconds(1)), time, cancellationToken);
            interval = Next(interval);
        }
    }

    /// <inheritdoc />
    public bool IsOutage(Exception exception) => connections.IsTransient(exception);

    /// <inheritdoc />
    StoreFailedException? IExplainsFailures.Explain(Exception exception) => connections.Explain(exception);

    /// <inheritdoc />
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>How long it waits after it has waited for as long and found nothing.</summary>
    internal static TimeSpan Next(TimeSpan interval) => TimeArithmetic.Shorter(interval * 1.5, LongestWait);

    /// <summary>The microseconds until the first row is due or the first lease ends; null: no row waits for either.</summary>
    internal static string UntilDue(MySqlNames names) =>
        $"""
        SELECT TIMESTAMPDIFF(MICROSECOND, {names.Now}, MIN(first.queued_at)) FROM (
            {First(1)} UNION ALL {First(2)} UNION ALL {First(4)}) first

        """.Replace("%", names.OutboxByQueue, StringComparison.Ordinal);

    // One step into the index for each.
    private static string First(int queue) =>
        string.Create(null, $"(SELECT queued_at FROM % WHERE queue = {queue} AND queued_at IS NOT NULL ORDER BY queued_at, row_id LIMIT 1)");

    // Where the server is away only the time passes.
    private async Task<TimeSpan> AskAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await connections.OpenConnectionAsync(cancellationToken);
            await using var command = new MySqlCommand(_untilDue, connection) { CommandTimeout = CommandTimeoutSeconds };
            var untilDue = await command.ExecuteScalarAsync(cancellationToken) is long microseconds
                ? TimeSpan.FromMicroseconds(Math.Clamp(microseconds, 0, (long)TimeSpan.FromDays(1).TotalMicroseconds))
                : TimeSpan.FromDays(1);
            if (_isLost)
            {
                _isLost = false;
                Log.SignalRestored(logger);
            }

            return untilDue;
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            connections.LeaveReadOnlyServer(e);
            if (!_isLost)
            {
                _isLost = true;
                Log.SignalLost(logger, MySqlFaults.Name(e));
            }

            return LongestWait;
        }
    }
}
