using Relaybox.Inbox;
using Relaybox.Messaging;
using Relaybox.Outbox;

namespace Relaybox.Operations;

/// <summary>What replays need beyond the rows: a way to the broker, and the records that tell what became of an event.</summary>
/// <param name="outbox">The outbox.</param>
/// <param name="rows">What operators need of it.</param>
/// <param name="publisher">The way to the broker.</param>
/// <param name="options">How long consumers remember an event.</param>
/// <param name="time">The clock.</param>
/// <param name="claimCheck">Keeps large payloads apart; null: it is switched off.</param>
/// <param name="inbox">The inbox; looked at only where the consumers are known.</param>
/// <param name="consumers">Whose records an event has; null: this process does not know them.</param>
internal sealed class ReplayDesk(
    IOutboxRepository outbox,
    IOutboxOperations rows,
    IMessagePublisher publisher,
    ConsumerOptions options,
    TimeProvider time,
    ClaimCheck? claimCheck = null,
    IInboxRepository? inbox = null,
    InboxConsumers? consumers = null)
{
    /// <summary>What is said where there is no desk.</summary>
    internal const string Missing =
        "Nothing here names the broker. Set the variables with which the relay publishes (BROKER, QUEUE_URL or NATS_URL, …); "
        + "see docs/cli.md, Replay.";

    /// <summary>Sent rows as the work of an operation.</summary>
    internal ReplayWork CreateWork(Operation operation) =>
        new(outbox, rows, publisher, options.RememberedFor, claimCheck, inbox, consumers, operation, time);
}
