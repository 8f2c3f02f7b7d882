using Relaybox.Events;
using Relaybox.Messaging;

namespace Relaybox.Shared.Tests.Outbox;

/// <summary>A broker in memory: accepts everything, but for what a test says otherwise.</summary>
internal sealed class FakePublisher : IMessagePublisher
{
    internal Dictionary<string, PublishOutcome> Outcomes { get; } = [];

    internal List<string> Published { get; } = [];

    internal Func<CancellationToken, Task>? BeforeAnswer { get; set; }

    public async Task<IReadOnlyList<PublishOutcome>> PublishAsync(
        IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken)
    {
        // Locked rows are published by two batches at once.
        lock (Published)
        {
            Published.AddRange(events.Select(e => e.EventId));
        }

        if (BeforeAnswer is { } before)
        {
            await before(cancellationToken);
        }

        return [.. events.Select(e => Outcomes.GetValueOrDefault(e.EventId, PublishOutcome.Accepted))];
    }
}
