using Relaybox.Outbox.Relay;

namespace Relaybox.Benchmarks.Stores.Redis;

/// <summary>
/// A plain subscription with nothing around it: on a hint, claim what there is, hand it over, mark it. What a relay that is woken could reach
/// at best.
/// </summary>
internal sealed class RedisBareWakeLoop(RedisBenchOutbox outbox) : IWakeLoop
{
    private readonly RedisBareCommands _commands = new(outbox, new RelayOptions().BatchSize);

    public Task<double[]> MeasureAsync(int rows, int rate, CancellationToken cancellationToken) =>
        LatencyProbe.MeasureAsync(outbox, rows, rate, HandleAsync, cancellationToken);

    private async Task HandleAsync(LatencyProbe probe, CancellationToken cancellationToken)
    {
        var hints = await outbox.Database.Multiplexer.GetSubscriber().SubscribeAsync(outbox.Channel);
        try
        {
            while (true)
            {
                var token = Guid.NewGuid().ToString("N");
                var claimed = await _commands.ClaimAsync(token);
                foreach (var eventId in claimed)
                {
                    probe.Handled(eventId);
                }

                if (claimed.Count > 0)
                {
                    await _commands.MarkAsync(claimed, token);
                    continue;
                }

                await hints.ReadAsync(cancellationToken);
                while (hints.TryRead(out _))
                {
                    // However many there are, there is one reason to look.
                }
            }
        }
        finally
        {
            await hints.UnsubscribeAsync();
        }
    }
}
