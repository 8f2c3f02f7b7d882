namespace Relaybox.Benchmarks.Stores.Redis;

/// <summary>Claims and marks by the client alone, with nothing around it: what a relay on these keys could reach at best.</summary>
internal sealed class RedisBareLoop(RedisBenchOutbox outbox, int batchSize) : IDrainLoop
{
    private readonly RedisBareCommands _commands = new(outbox, batchSize);

    public Task FillAsync(long rows, CancellationToken cancellationToken) => outbox.FillAsync(rows, cancellationToken);

    public async Task DrainAsync(long rows, CancellationToken cancellationToken)
    {
        long sent = 0;
        while (true)
        {
            var token = Guid.NewGuid().ToString("N");
            var claimed = await _commands.ClaimAsync(token);
            if (claimed.Count == 0)
            {
                break;
            }

            sent += await _commands.MarkAsync(claimed, token);
        }

        if (sent != rows)
        {
            throw new InvalidOperationException($"bare loop: {sent} of {rows} rows were marked.");
        }
    }
}
