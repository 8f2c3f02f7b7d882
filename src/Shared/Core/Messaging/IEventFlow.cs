namespace Relaybox.Messaging;

/// <summary>
/// Events of which some may be sent only after others were accepted. It belongs to one publisher, which uses it from one
/// thread at a time.
/// </summary>
internal interface IEventFlow
{
    /// <summary>One more than the highest number that an event can have.</summary>
    int Count { get; }

    /// <summary>
    /// Takes the events that may be sent now. None: what is left waits for answers that are still to come, or is not to be
    /// sent any more.
    /// </summary>
    IReadOnlyList<FlowingEvent> Take();

    /// <summary>Says what became of an event that was taken. Others may be there to be taken after it.</summary>
    /// <param name="number">The event's number.</param>
    /// <param name="outcome">The broker's answer.</param>
    void Answer(int number, PublishOutcome outcome);
}
