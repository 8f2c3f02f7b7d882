using Relaybox.Messaging;

namespace Relaybox.Outbox.Relay;

/// <summary>Claimed rows on their way to a publisher: each as soon as the row before it under its key was accepted.</summary>
/// <param name="claimed">The rows, and how long they may be published.</param>
/// <param name="batch">What is to be recorded of them.</param>
/// <param name="keepsOrder">Whether rows wait for those before them under their keys.</param>
internal sealed class BatchFlow(ClaimedBatch claimed, BatchOutcomes batch, bool keepsOrder) : IEventFlow
{
    private readonly KeyLines _lines = new(claimed.Claims, keepsOrder);
    private readonly List<OutboxClaim> _taken = new(claimed.Claims.Count);
    private bool _hasBegun;

    public int Count => claimed.Claims.Count;

    /// <summary>Whether a row has to wait for another.</summary>
    internal bool HasFollowers => _lines.HasFollowers;

    public IReadOnlyList<FlowingEvent> Take()
    {
        // Locked rows are always tried once: nobody else has them, and nobody would give them back.
        var isFirst = !_hasBegun && !claimed.IsLeased;
        _hasBegun = true;
        if (batch.BrokerUnavailable is not null || (!isFirst && claimed.PublishTime <= TimeSpan.Zero))
        {
            return [];
        }

        var ready = _lines.Take();
        var events = new List<FlowingEvent>(ready.Count);
        foreach (var claim in ready)
        {
            if (claim.Violation is { } violation)
            {
                batch.Park(claim, claim.Attempts, violation.Code, violation.Message);
            }
            else if (claim.PutOff is { } why)
            {
                batch.PutOff(claim, why);
            }
            else
            {
                events.Add(new FlowingEvent(_taken.Count, claim.Event!));
                _taken.Add(claim);
            }
        }

        return events;
    }

    public void Answer(int number, PublishOutcome outcome)
    {
        var claim = _taken[number];
        batch.Decide(claim, outcome);
        if (outcome.Status == PublishStatus.Accepted)
        {
            _lines.Accept(claim);
        }
    }

    /// <summary>Puts back what was not taken.</summary>
    internal void PutBackLeft()
    {
        foreach (var claim in _lines.Left)
        {
            batch.PutBack(claim);
        }
    }
}
