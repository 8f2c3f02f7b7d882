namespace Relaybox.Outbox;

/// <summary>The answer of <see cref="IOutboxRepository.FindOrCreateAsync"/>.</summary>
/// <param name="Row">The row as the store has it now.</param>
/// <param name="Created">Whether this call wrote it.</param>
internal sealed record FoundOrCreated(OutboxRow Row, bool Created);
