using Relaybox.Functions.Hosting;
using Relaybox.Inbox;

namespace Relaybox.Functions.Consume;

/// <summary>What became of messages, as metrics.</summary>
internal static class ConsumeMetrics
{
    internal static (string Name, double Value, string Unit)[] Of(ConsumedCounts counts) =>
    [
        ("MessagesReceived", counts.Received, MetricsWriter.Count),
        ("MessagesProcessed", counts.Processed, MetricsWriter.Count),
        ("DuplicatesSuppressed", counts.Duplicates, MetricsWriter.Count),
        ("MessagesFailed", counts.Retried, MetricsWriter.Count),
        ("MessagesDeadLettered", counts.DeadLettered, MetricsWriter.Count),
    ];
}
