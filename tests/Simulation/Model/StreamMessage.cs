using Relaybox.Events;

namespace Relaybox.Simulation.Model;

/// <summary>A message on the model stream.</summary>
internal sealed class StreamMessage(long sequence, OutboxEvent e)
{
    internal long Sequence { get; } = sequence;

    internal OutboxEvent Event { get; } = e;

    internal DateTimeOffset VisibleAt { get; set; }

    internal int Deliveries { get; set; }

    internal bool IsDone { get; set; }
}
