using Relaybox.Events;
using Relaybox.Operations;

namespace Relaybox.Shared.Tests.Conformance;

/// <summary>A queue or stream of its own at a broker, with dead letters of its own, for one test.</summary>
internal abstract class DeadLettersHarness : IAsyncDisposable
{
    /// <summary>The dead letters, for an operator.</summary>
    public abstract IDeadLetters Letters { get; }

    /// <summary>The same for an operator whose deletions the broker refuses.</summary>
    public abstract IDeadLetters LettersThatStay { get; }

    /// <summary>The same where the queue or stream that they came from is gone.</summary>
    public abstract IDeadLetters LettersFromNowhere { get; }

    /// <summary>Whether messages of one ordering key keep their order.</summary>
    public abstract bool KeepsOrder { get; }

    /// <summary>
    /// Sends events as the relay does, and lets each become a dead letter as the consumer does it, in their order. A subject that nobody
    /// handles is the reason.
    /// </summary>
    public abstract Task KillAsync(params OutboxEvent[] events);

    /// <summary>Takes what is in the queue or stream, and reads it as a consumer would. Every name of an attribute or header is in it.</summary>
    public abstract Task<IReadOnlyList<(OutboxEvent Event, IReadOnlyCollection<string> Names)>> TakeAsync(int count);

    public abstract ValueTask DisposeAsync();
}
