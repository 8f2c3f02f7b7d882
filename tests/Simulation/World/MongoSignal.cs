using Relaybox.Outbox;
using Relaybox.Simulation.Engine;
using Relaybox.Simulation.Model;

namespace Relaybox.Simulation.World;

/// <summary>
/// Wakes a relay by a change stream, in the steps of the real <c>MongoOutboxSignal</c>. The stream loses its history, has its resume token
/// refused, and is silent.
/// </summary>
internal sealed class MongoSignal(World world, SimProcess process, MongoClient client) : IOutboxSignal
{
    // The real one asks each second; here the other calls are to have their turn.
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(12);

    // How much of the stream has been read; null: there is none.
    private int? _position;

    private MongoServer Server => client.Server;

    public async Task WaitAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        var end = world.Loop.Now + longest;
        try
        {
            if (_position is null)
            {
                // What came before the stream began is not announced: the caller has to look once more.
                _position = await client.FindAsync("changes.open", () => Server.Inserted.Count, cancellationToken);
                return;
            }

            for (var isFirst = true; ; isFirst = false)
            {
                var isDue = await client.FindAsync(
                    "changes.ask", () => Server.Outbox.Rows.Any(row => OutboxTable.IsDue(row, Server.Now)), cancellationToken);
                var left = end - world.Loop.Now;
                if (left <= TimeSpan.Zero || (isDue && !isFirst) || await HearsOfAsync(Shorter(left), cancellationToken))
                {
                    return;
                }
            }
        }
        catch (MongoFailure)
        {
            // A stream that cannot be resumed is given up for a new one.
            _position = null;
            await process.SleepAsync(Shorter(end - world.Loop.Now), cancellationToken);
        }
    }

    public bool IsOutage(Exception exception) => exception is MongoFailure { IsTransient: true };

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task<bool> HearsOfAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        if (world.Strikes(process, "the change stream is silent", 0.5))
        {
            await process.SleepAsync(longest, cancellationToken);
            return false;
        }

        var notice = new TaskCompletionSource();
        world.Listeners.Add(notice);
        world.Loop.After(longest, () => notice.TrySetResult());
        using var registration = cancellationToken.UnsafeRegister(static state => ((TaskCompletionSource)state!).TrySetCanceled(), notice);
        await notice.Task;
        var events = await client.FindAsync("changes.next", Next, cancellationToken);
        client.Heard.UnionWith(events);
        _position += events.Count;
        return events.Count > 0;
    }

    private List<string> Next()
    {
        if (world.Strikes(process, "the change stream has lost its history", 0.3))
        {
            throw new MongoFailure(MongoFailure.HistoryLost);
        }

        return world.Strikes(process, "the resume token is refused", 0.3)
            ? throw new MongoFailure(MongoFailure.TokenRefused)
            : Server.Inserted[_position!.Value..];
    }

    private static TimeSpan Shorter(TimeSpan time) => time < PollInterval ? time : PollInterval;
}
