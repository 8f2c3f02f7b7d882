using Microsoft.Extensions.Logging;
using Relaybox.Diagnostics;
using Relaybox.Messaging;
using Relaybox.Timing;

namespace Relaybox.Outbox.Relay;

/// <summary>
/// Takes rows from the store to the broker: claim, publish, record. A row is recorded as sent only after the broker has
/// acknowledged it, so that it is published at least once, always under the same id.
/// </summary>
/// <param name="repository">The store.</param>
/// <param name="publisher">The broker.</param>
/// <param name="options">How to work.</param>
/// <param name="entropy">The source of the backoff's jitter.</param>
/// <param name="logger">The log.</param>
/// <param name="claimCheck">What stores large payloads before they are published; null: it is switched off.</param>
/// <exception cref="ArgumentException">The options ask for locks, and the store has none.</exception>
internal sealed class OutboxRelay(
    IOutboxRepository repository,
    IMessagePublisher publisher,
    RelayOptions options,
    IEntropy entropy,
    ILogger<OutboxRelay> logger,
    ClaimCheck? claimCheck = null)
{
    private readonly ILockingOutbox? _locking = options.Mode == RelayMode.Locked
        ? repository as ILockingOutbox
            ?? throw new ArgumentException($"The mode Locked needs a store that can lock rows: {repository.GetType().Name} cannot.", nameof(options))
        : null;
    private readonly BatchPublisher _publisher = new(publisher, options, repository.KeepsOrder, entropy, claimCheck);
    private readonly BatchRecorder _recorder = new(repository, logger);
    private bool _hasRelayed;

    /// <summary>
    /// Relays what is due until nothing is, the deadline nears, or the broker is out of reach. While one batch is published
    /// the next is claimed and the last is recorded.
    /// </summary>
    /// <param name="deadline">When to be done.</param>
    /// <param name="cancellationToken">Ends the work; claimed rows come back when their leases end, locked ones at once.</param>
    public Task<RelayResult> DrainAsync(WorkDeadline deadline, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(deadline);
        return _locking is null ? DrainLeasedAsync(deadline, cancellationToken) : DrainLockedAsync(_locking, deadline, cancellationToken);
    }

    private async Task<RelayResult> DrainLockedAsync(ILockingOutbox outbox, WorkDeadline deadline, CancellationToken cancellationToken)
    {
        var total = new RelayResult();
        if (options.BeginsWithLeases && !_hasRelayed)
        {
            if (await RelayLeasedAsync(deadline, cancellationToken) is not { } first)
            {
                return total;
            }

            total = first;
            _hasRelayed = true;
        }

        using var drain = new LockedDrain(outbox, RelayLeasedAsync, _publisher, _recorder, options);
        return total.BrokerUnavailable ? total : total.Add(await drain.DrainAsync(deadline, cancellationToken));
    }

    /// <summary>Relays one batch by leases; null: there was none.</summary>
    private async Task<RelayResult?> RelayLeasedAsync(WorkDeadline deadline, CancellationToken cancellationToken) =>
        await ClaimAsync(new BatchSizer(options), underWay: 0, deadline, cancellationToken) is { } claimed
            ? await _recorder.RecordAsync(await _publisher.PublishAsync(claimed, cancellationToken), cancellationToken)
            : null;

    private async Task<RelayResult> DrainLeasedAsync(WorkDeadline deadline, CancellationToken cancellationToken)
    {
        var total = new RelayResult();
        var recording = Task.FromResult(new RelayResult());
        var sizer = new BatchSizer(options);
        var mayBeMore = false;
        var claimed = await ClaimAsync(sizer, underWay: 0, deadline, cancellationToken);
        while (claimed is not null)
        {
            // Rows behind those of a key cannot be claimed yet, and nothing is claimed beside suspects.
            mayBeMore |= (repository.KeepsOrder && claimed.HasKeys) || claimed.IsSuspect;
            var publishing = _publisher.PublishAsync(claimed, cancellationToken);
            var claiming = claimed.IsSuspect
                ? Task.FromResult<ClaimedBatch?>(null)
                : ClaimWhileAsync(publishing, sizer, claimed.Claims.Count, deadline, cancellationToken);
            try
            {
                await Task.WhenAll(recording, publishing, claiming);
            }
            catch
            {
                await SaveAsync(publishing, claiming, cancellationToken);
                throw;
            }

            total = total.Add(await recording);
            var batch = await publishing;
            sizer.Published(batch);
            recording = _recorder.RecordAsync(batch, cancellationToken);
            claimed = await claiming;
            if (batch.BrokerUnavailable is not null)
            {
                total = total.Add(await PutBackAsync(claimed, cancellationToken));
                claimed = null;
            }
            else if (claimed is null && mayBeMore)
            {
                mayBeMore = false;
                total = total.Add(await recording);
                recording = Task.FromResult(new RelayResult());
                claimed = await ClaimAsync(sizer, underWay: 0, deadline, cancellationToken);
            }
        }

        return total.Add(await recording);
    }

    /// <summary>Publishes claimed rows and records each one's outcome.</summary>
    /// <param name="claims">The rows. One bad row never changes another's outcome, but for those after it under its ordering key.</param>
    /// <param name="deadline">When to be done.</param>
    /// <param name="cancellationToken">Ends the work; rows without a recorded outcome come back when their leases end.</param>
    public async Task<RelayResult> RelayAsync(
        IReadOnlyList<OutboxClaim> claims, WorkDeadline deadline, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claims);
        ArgumentNullException.ThrowIfNull(deadline);
        var claimed = new ClaimedBatch(claims, deadline, options, claimedAt: null);
        return await _recorder.RecordAsync(await _publisher.PublishAsync(claimed, cancellationToken), cancellationToken);
    }

    /// <summary>Makes rows due later, without publishing them.</summary>
    /// <param name="marks">The rows, and when they are due.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public Task<MarkResult> DeferAsync(IReadOnlyList<RetryMark> marks, CancellationToken cancellationToken) =>
        _recorder.RetryAsync(marks, cancellationToken);

    private async Task<ClaimedBatch?> ClaimAsync(
        BatchSizer sizer, int underWay, WorkDeadline deadline, CancellationToken cancellationToken)
    {
        if (!ClaimedBatch.HasTime(deadline, options))
        {
            return null;
        }

        var limit = sizer.Next(deadline, underWay);
        using var step = Spans.Begin(Spans.Claim, limit.Rows);
        var claimedAt = deadline.Time.GetTimestamp();
        var claims = await repository.ClaimAsync(limit, options.Lease, cancellationToken);
        if (claims.Count == 0)
        {
            return null;
        }

        sizer.Claimed(claims);
        return new ClaimedBatch(claims, deadline, options, claimedAt);
    }

    // Not where it is known already that the broker is out of reach.
    private async Task<ClaimedBatch?> ClaimWhileAsync(
        Task<BatchOutcomes> publishing, BatchSizer sizer, int underWay, WorkDeadline deadline, CancellationToken cancellationToken) =>
        publishing.IsCompleted && (!publishing.IsCompletedSuccessfully || (await publishing).BrokerUnavailable is not null)
            ? null
            : await ClaimAsync(sizer, underWay, deadline, cancellationToken);

    // One of the three has failed: what the others did is not lost.
    private async Task SaveAsync(
        Task<BatchOutcomes> publishing, Task<ClaimedBatch?> claiming, CancellationToken cancellationToken)
    {
        if (publishing.IsCompletedSuccessfully)
        {
            await _recorder.RecordAsync(await publishing, cancellationToken);
        }

        if (claiming.IsCompletedSuccessfully)
        {
            await PutBackAsync(await claiming, cancellationToken);
        }
    }

    private async Task<RelayResult> PutBackAsync(ClaimedBatch? claimed, CancellationToken cancellationToken)
    {
        var batch = new BatchOutcomes(0, options, entropy);
        foreach (var claim in claimed?.Claims ?? [])
        {
            batch.PutBack(claim);
        }

        return await _recorder.RecordAsync(batch, cancellationToken);
    }
}
