using System.Data.Common;
using Relaybox.Events;
using Relaybox.Outbox;

namespace Relaybox.Sql;

/// <summary>How a database takes new rows of the outbox, and what its refusals mean.</summary>
internal interface IOutboxDialect
{
    /// <summary>Opens a connection for a transaction or a question of the writer's own.</summary>
    ValueTask<DbConnection> OpenAsync(CancellationToken cancellationToken);

    /// <summary>Checks an event that is to be written.</summary>
    /// <exception cref="RowContractException">It breaks the contract, or holds what the database cannot keep.</exception>
    void Require(OutboxEvent outboxEvent);

    /// <summary>Splits events into what one statement writes, before anything is sent.</summary>
    /// <param name="events">The events, as they are ordered.</param>
    /// <param name="transaction">The transaction that they are to be written in.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="RowContractException">An event is larger than a statement may be.</exception>
    /// <exception cref="TransactionEndedException">The transaction is no longer open.</exception>
    ValueTask<IReadOnlyList<OutboxEvent[]>> SplitAsync(
        IReadOnlyList<OutboxEvent> events, DbTransaction transaction, CancellationToken cancellationToken);

    /// <summary>Writes events in somebody's transaction, in one statement.</summary>
    /// <param name="events">The events, as they are ordered.</param>
    /// <param name="transaction">The transaction.</param>
    /// <param name="locked">The events whose keys are locked before that, in the order that is the same everywhere; null: none.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="TransactionEndedException">The transaction is no longer open.</exception>
    Task InsertAsync(
        IReadOnlyList<OutboxEvent> events, DbTransaction transaction, IReadOnlyList<OutboxEvent>? locked, CancellationToken cancellationToken);

    /// <summary>Begins a transaction of the writer's own, in which an operation of the app's is run.</summary>
    ValueTask<DbTransaction> BeginAsync(DbConnection connection, CancellationToken cancellationToken);

    /// <summary>Writes an event in a transaction of the writer's own, after the operation.</summary>
    /// <exception cref="TransactionEndedException">The transaction is no longer the one that was begun.</exception>
    Task InsertAfterOperationAsync(OutboxEvent outboxEvent, DbTransaction transaction, CancellationToken cancellationToken);

    /// <summary>For each event: whether the row of its id says the same, or null if there is no such row.</summary>
    Task<IReadOnlyList<bool?>> CompareAsync(IReadOnlyList<OutboxEvent> events, DbConnection connection, CancellationToken cancellationToken);

    /// <summary>Whether an insert failed because the id of a row is taken. No other constraint says that.</summary>
    bool IsOfEventId(Exception exception);

    /// <summary>Whether a constraint of the database is the cause, also where a library has wrapped its exception.</summary>
    bool IsOfConstraint(Exception exception);

    /// <summary>Whether an exception of a commit leaves its outcome open.</summary>
    bool LeavesOutcomeOpen(Exception exception);
}
