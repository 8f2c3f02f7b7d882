using Relaybox.Events;
using Relaybox.Messaging;

namespace Relaybox.Benchmarks.Stores;

/// <summary>A broker that accepts everything at once, and looks at the memory of the process every so many rows.</summary>
internal sealed class MemorySampler(int every) : IMessagePublisher
{
    private const double Megabyte = 1_000_000;

    private readonly NoOpPublisher _accepting = new();
    private long _sent;

    /// <summary>Rows sent so far, and the megabytes that are managed and those of the working set.</summary>
    public List<(long Sent, double Managed, double WorkingSet)> Samples { get; } = [];

    public Task<IReadOnlyList<PublishOutcome>> PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken)
    {
        var before = _sent;
        _sent += events.Count;
        if (before / every < _sent / every)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect();
            Samples.Add((_sent, GC.GetTotalMemory(forceFullCollection: true) / Megabyte, Environment.WorkingSet / Megabyte));
        }

        return _accepting.PublishAsync(events, cancellationToken);
    }
}
