using Microsoft.Extensions.Logging.Abstractions;
using Relaybox.Messaging;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;
using Relaybox.Timing;

namespace Relaybox.Benchmarks.Stores;

/// <summary>An outbox of its own, and the product's relay on it.</summary>
/// <param name="name">What errors call it.</param>
internal abstract class BenchOutbox(string name)
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(30);

    /// <summary>The product's outbox.</summary>
    public abstract IOutboxRepository Repository();

    /// <summary>What wakes the product's relay.</summary>
    public abstract IOutboxSignal Signal();

    /// <summary>Empties the table and fills it with rows that are due, as an app would have written them.</summary>
    public abstract Task FillAsync(long rows, CancellationToken cancellationToken);

    /// <summary>Adds rows with ordering keys to those that are there, as an app would have written them.</summary>
    /// <param name="rows">How many.</param>
    /// <param name="keys">How many keys they share, in turns.</param>
    /// <param name="prefix">How the names of the keys begin.</param>
    /// <param name="dueIn">In how much time they are due.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public abstract Task AddKeyedAsync(long rows, int keys, string prefix, TimeSpan dueIn, CancellationToken cancellationToken);

    /// <summary>Commits a row, as an app does.</summary>
    public abstract Task WriteAsync(string eventId, CancellationToken cancellationToken);

    public OutboxRelay Relay(IMessagePublisher publisher, RelayOptions? relayOptions = null) =>
        new(Repository(), publisher, relayOptions ?? new RelayOptions(), SystemEntropy.Instance, NullLogger<OutboxRelay>.Instance);

    /// <summary>Relays what is written, as a sweep does that waits for rows, until it is cancelled.</summary>
    public async Task KeepRelayingAsync(IMessagePublisher publisher, CancellationToken cancellationToken)
    {
        var relay = Relay(publisher);
        var deadline = WorkDeadline.After(Long, TimeProvider.System);
        await using var signal = Signal();
        while (true)
        {
            if ((await relay.DrainAsync(deadline, cancellationToken)).Sent > 0)
            {
                signal.FoundRows();
            }

            await signal.WaitAsync(Long, cancellationToken);
        }
    }

    /// <summary>Relays everything that is due.</summary>
    /// <exception cref="InvalidOperationException">Not so many rows were sent.</exception>
    public Task DrainAsync(OutboxRelay relay, long rows, CancellationToken cancellationToken) => DrainAsync([relay], rows, cancellationToken);

    /// <summary>Relays everything by several relays at once.</summary>
    /// <exception cref="InvalidOperationException">Not so many rows were sent.</exception>
    public async Task DrainAsync(IReadOnlyList<OutboxRelay> relays, long rows, CancellationToken cancellationToken)
    {
        var deadline = WorkDeadline.After(Long, TimeProvider.System);
        var results = await Task.WhenAll(relays.Select(relay => Task.Run(() => relay.DrainAsync(deadline, cancellationToken), cancellationToken)));
        if (results.Sum(result => result.Sent) != rows)
        {
            throw new InvalidOperationException($"{name}: {results.Sum(result => result.Sent)} of {rows} rows were sent.");
        }
    }

    /// <summary>Claims and marks a batch as the relay does.</summary>
    /// <exception cref="InvalidOperationException">It is not as large, or could not be marked.</exception>
    public async Task RelayBatchAsync(int rows, CancellationToken cancellationToken)
    {
        var options = new RelayOptions();
        var repository = Repository();
        var claims = await repository.ClaimAsync(new ClaimLimit(rows, options.BatchBytes), options.Lease, cancellationToken);
        var marked = await repository.MarkSentAsync([.. claims.Select(claim => new OutboxMark(claim.EventId, claim.Token))], cancellationToken);
        if (marked.Applied != rows)
        {
            throw new InvalidOperationException($"{name}: {marked.Applied} of {rows} rows were claimed and marked.");
        }
    }
}
