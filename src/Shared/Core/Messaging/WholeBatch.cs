using Relaybox.Events;

namespace Relaybox.Messaging;

/// <summary>Events of which none waits for another.</summary>
internal sealed class WholeBatch(IReadOnlyList<OutboxEvent> events) : IEventFlow
{
    private readonly PublishOutcome[] _outcomes = new PublishOutcome[events.Count];
    private bool _isTaken;

    internal IReadOnlyList<PublishOutcome> Outcomes => _outcomes;

    public int Count => events.Count;

    public IReadOnlyList<FlowingEvent> Take()
    {
        if (_isTaken)
        {
            return [];
        }

        _isTaken = true;
        return [.. events.Select((outboxEvent, number) => new FlowingEvent(number, outboxEvent))];
    }

    public void Answer(int number, PublishOutcome outcome) => _outcomes[number] = outcome;
}
