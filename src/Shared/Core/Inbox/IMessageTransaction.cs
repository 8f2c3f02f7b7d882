using Relaybox.Events;

namespace Relaybox.Inbox;

/// <summary>
/// The transaction in which a handler's message is marked as processed. What a handler enlists in it happens exactly
/// once; what it does elsewhere can happen again. How to enlist depends on the store: see the store's extension methods.
/// </summary>
public interface IMessageTransaction
{
    /// <summary>Emits an event: its outbox row is written together with the mark, or not at all.</summary>
    /// <param name="outboxEvent">The event.</param>
    /// <exception cref="RowContractException">
    /// The event breaks the contract, or the store cannot hold its row and the claim check does not carry its payload.
    /// </exception>
    void Emit(OutboxEvent outboxEvent);
}
