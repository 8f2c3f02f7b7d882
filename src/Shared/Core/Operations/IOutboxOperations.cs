using Relaybox.Outbox;

namespace Relaybox.Operations;

/// <summary>What operators need of an outbox beyond what the relay needs.</summary>
internal interface IOutboxOperations
{
    /// <summary>
    /// Reads a bounded number of parked or sent rows, in the order in which they came to that status; shelved ones too. A store
    /// without an index of its sent rows reads these in no order.
    /// </summary>
    /// <param name="status"><see cref="OutboxStatus.Failed"/> or <see cref="OutboxStatus.Sent"/>.</param>
    /// <param name="since">Rows that came to it before this time are left out; null: none are.</param>
    /// <param name="cursor">Where to go on; null: at the beginning.</param>
    /// <param name="limit">The most rows, at least 1. A page may have fewer, also none, and not be the last.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<RowPage> ReadAsync(OutboxStatus status, DateTimeOffset? since, string? cursor, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Does something with parked rows. Each is changed only if it is still in the version that is given; a call that is repeated changes
    /// nothing more.
    /// </summary>
    /// <param name="action">
    /// What is done. <see cref="RowAction.Skip"/> holds for rows with an ordering key that are not skipped yet, <see cref="RowAction.Purge"/>
    /// for those without a key and those that are skipped.
    /// </param>
    /// <param name="rows">The rows; at most a few hundred.</param>
    /// <param name="cancellationToken">Ends the wait; some of the rows may be changed.</param>
    /// <returns>Which rows this call has changed.</returns>
    Task<ActionOutcome> ApplyAsync(RowAction action, IReadOnlyList<RowVersion> rows, CancellationToken cancellationToken);

    /// <summary>Finds the earlier row of the same ordering key that a row has to wait for.</summary>
    /// <param name="row">The row.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The first such row's id; null where no row holds it back, and where the store keeps no order.</returns>
    Task<string?> FindBlockerAsync(OutboxRow row, CancellationToken cancellationToken);
}
