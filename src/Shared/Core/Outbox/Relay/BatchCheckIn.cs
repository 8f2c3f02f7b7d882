using Relaybox.Diagnostics;
using Relaybox.Events;
using Relaybox.Messaging;

namespace Relaybox.Outbox.Relay;

/// <summary>
/// Stores the large payloads of a batch before anything of it is published, and looks at the references that rows bring. A row whose
/// payload cannot be stored now is put off, and one with a bad reference is parked; no other row is touched.
/// </summary>
/// <param name="claimCheck">The claim check; null: it is switched off.</param>
internal sealed class BatchCheckIn(ClaimCheck? claimCheck)
{
    private const int Concurrency = 8;

    internal async Task<ClaimedBatch> RunAsync(ClaimedBatch claimed, CancellationToken cancellationToken)
    {
        var claims = claimed.Claims;
        if (!claims.Any(Concerns))
        {
            return claimed;
        }

        var changed = claims.ToArray();
        string? away = null;
        await Parallel.ForEachAsync(
            Enumerable.Range(0, claims.Count).Where(i => Concerns(claims[i])),
            new ParallelOptions { MaxDegreeOfParallelism = Concurrency, TaskScheduler = TaskScheduler.Current },
            async (i, _) =>
            {
                // Once the store is away, nobody else waits for it: rows with small payloads are behind these.
                changed[i] = away is null ? await CheckInAsync(claims[i], cancellationToken) : claims[i] with { PutOff = away };
                away ??= changed[i].PutOff;
            });
        return claimed.With(changed);
    }

    private bool Concerns(OutboxClaim claim) =>
        claim is { Violation: null, Event: { } outboxEvent } && (PayloadReference.IsIn(outboxEvent) || claimCheck?.IsLarge(outboxEvent) == true);

    private async Task<OutboxClaim> CheckInAsync(OutboxClaim claim, CancellationToken cancellationToken)
    {
        try
        {
            if (PayloadReference.IsIn(claim.Event!))
            {
                ClaimCheck.Read(claimCheck, claim.Event!);
                return claim;
            }

            // A full set of headers has no room for one more on a row. On a message it has, and the consumer takes it off again.
            return claim with { Event = await claimCheck!.StoreAsync(claim.Event!, check: null, cancellationToken) };
        }
        catch (MessageFormatException e)
        {
            return claim with { Violation = new RowViolation(e.Code, e.Message) };
        }
        catch (Exception e) when (!MemoryFault.IsIn(e))
        {
            return claim with { PutOff = ClaimCheck.WhyAway(e, cancellationToken) };
        }
    }
}
