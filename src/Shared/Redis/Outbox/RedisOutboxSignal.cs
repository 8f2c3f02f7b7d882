using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Relaybox.Diagnostics;
using Relaybox.Outbox;
using Relaybox.Timing;
using StackExchange.Redis;

namespace Relaybox.Redis;

/// <summary>
/// Waits for new rows by a channel on which each insert publishes a hint, and asks the server besides. The hint makes it fast; asking makes it
/// right: where no hint comes, it is as late as <see cref="PollInterval"/>. One caller waits at a time.
/// </summary>
/// <param name="connections">The database.</param>
/// <param name="options">The keys.</param>
/// <param name="time">The clock of the waits.</param>
/// <param name="logger">The log.</param>
internal sealed class RedisOutboxSignal(
    RedisConnections connections, RedisOptions options, TimeProvider time, ILogger<RedisOutboxSignal> logger) : IOutboxSignal, IExplainsFailures
{
    /// <summary>How often the server is asked where no hint is heard.</summary>
    internal static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(1);

    private readonly Bucket[] _buckets = Bucket.All(options);

    // However many hints come, there is one reason to look.
    private readonly Channel<bool> _hints = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private IConnectionMultiplexer? _listening;
    private ChannelMessageQueue? _channel;
    private bool _isLost;

    /// <inheritdoc />
    public async Task WaitAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        try
        {
            for (var isFirst = true; ; isFirst = false)
            {
                if (await ListensAnewAsync(cancellationToken))
                {
                    // What came before is not announced: the caller has to look once more.
                    return;
                }

                var untilDue = await connections.UseAsync(database => OutboxDue.UntilAsync(database, _buckets), cancellationToken);
                Restore();

                // Due rows that the caller has just not been able to claim are no reason to come back at once.
                var left = longest - time.GetElapsedTime(start);
                if (left <= TimeSpan.Zero || (untilDue <= TimeSpan.Zero && !isFirst))
                {
                    return;
                }

                var slice = untilDue is { } until && until > TimeSpan.Zero ? TimeArithmetic.Shorter(until, PollInterval) : PollInterval;
                if (await HearsAsync(TimeArithmetic.Shorter(slice, left), cancellationToken))
                {
                    return;
                }
            }
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            await LoseAsync(e);
            var left = longest - time.GetElapsedTime(start);
            await Task.Delay(TimeArithmetic.Longer(TimeArithmetic.Shorter(PollInterval, left), TimeSpan.Zero), time, cancellationToken);
        }
    }

    /// <inheritdoc />
    public bool IsOutage(Exception exception) => RedisFaults.IsTransient(exception);

    /// <inheritdoc />
    StoreFailedException? IExplainsFailures.Explain(Exception exception) => connections.Explain(exception);

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        _listening = null;
        if (Interlocked.Exchange(ref _channel, null) is { } channel)
        {
            try
            {
                await channel.UnsubscribeAsync(CommandFlags.FireAndForget);
            }
            catch (Exception e) when (e is RedisException or ObjectDisposedException)
            {
                // Nobody listens on it in any case.
            }
        }
    }

    // The client has a connection for what it is told, and takes it up again by itself; the connections may be others by now.
    private async Task<bool> ListensAnewAsync(CancellationToken cancellationToken)
    {
        var current = await connections.UseMultiplexerAsync((multiplexer, _) => Task.FromResult(multiplexer), cancellationToken);
        if (ReferenceEquals(current, _listening))
        {
            return false;
        }

        await DisposeAsync();
        _channel = await current.GetSubscriber().SubscribeAsync(OutboxNames.Channel(options)).WaitAsync(cancellationToken);
        _channel.OnMessage(_ => _hints.Writer.TryWrite(true));
        _listening = current;
        return true;
    }

    private async Task<bool> HearsAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        using var patience = new DeadlineScope(TimeArithmetic.Longer(longest, ShortestWait), time, cancellationToken);
        try
        {
            return await _hints.Reader.ReadAsync(patience.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private void Restore()
    {
        if (_isLost)
        {
            _isLost = false;
            Log.SignalRestored(logger);
        }
    }

    private async Task LoseAsync(Exception exception)
    {
        if (!_isLost)
        {
            _isLost = true;
            Log.SignalLost(logger, RedisFaults.Name(exception));
        }

        await DisposeAsync();
    }
}
