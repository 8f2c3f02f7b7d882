using Relaybox.Events;
using Relaybox.Messaging;

namespace Relaybox.Shared.Tests.Outbox;

/// <summary>A broker in memory: accepts everything and keeps it.</summary>
internal sealed class KeepingPublisher : IMessagePublisher
{
    public Dictionary<string, OutboxEvent> Sent { get; } = [];

    public Action<IReadOnlyList<OutboxEvent>>? OnPublish { get; set; }

    public Task<IReadOnlyList<PublishOutcome>> PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken)
    {
        OnPublish?.Invoke(events);
        foreach (var sent in events)
        {
            Sent.Add(sent.EventId, sent);
        }

        return Task.FromResult<IReadOnlyList<PublishOutcome>>([.. events.Select(_ => PublishOutcome.Accepted)]);
    }
}
