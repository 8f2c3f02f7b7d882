using Relaybox.Events;
using Relaybox.Messaging;

namespace Relaybox.Shared.Tests.Conformance;

/// <summary>A queue or stream of its own at a broker, for one test.</summary>
internal abstract class PublisherHarness : IAsyncDisposable
{
    public abstract IMessagePublisher Publisher { get; }

    /// <summary>A publisher on the way to a broker that is not there.</summary>
    public abstract IMessagePublisher CreateUnreachable();

    /// <summary>Takes what has arrived, and reads it as a consumer would.</summary>
    public abstract Task<IReadOnlyList<OutboxEvent>> ReceiveAsync(int count);

    /// <summary>A payload that this broker will never take; null where it takes every payload.</summary>
    public abstract string? CreateTooLarge();

    public abstract ValueTask DisposeAsync();
}
