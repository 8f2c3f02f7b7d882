using System.Data.Common;
using System.Text.Json.Serialization.Metadata;
using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Timing;

namespace Relaybox.Sql;

/// <summary>
/// Writes outbox rows from .NET apps, in the same transaction as their business data. It needs the right to INSERT into
/// the outbox and no other; where an id is taken it also asks a routine of the database, which the app's role may execute, by what. Events are
/// checked against the row contract before anything is sent.
/// </summary>
/// <typeparam name="TTransaction">The transactions of the database's driver.</typeparam>
/// <remarks>
/// Where the numbers that rows get are missing or behind, nothing is written, and an exception of the store says so: Setup puts it right.
/// </remarks>
public abstract class SqlOutboxWriter<TTransaction>
    where TTransaction : DbTransaction
{
    private readonly IEntropy _entropy;
    private readonly OutboxWriting _writing;

    /// <param name="dialect">The database.</param>
    /// <param name="entropy">The source of event ids.</param>
    private protected SqlOutboxWriter(IOutboxDialect dialect, IEntropy entropy) => (_entropy, _writing) = (entropy, new OutboxWriting(dialect));

    /// <summary>A new event with a new id. The database's time is when it was written.</summary>
    /// <param name="subject">What happened.</param>
    /// <param name="payload">The payload, JSON by default.</param>
    public OutboxEvent NewEvent(string subject, string payload) => OutboxEvent.New(subject, payload, _entropy);

    /// <summary>
    /// Writes an event in a transaction of the app's own, which the app then commits. Any ADO.NET transaction on the
    /// database will do, also one that a library wraps; EF Core's is <c>Database.CurrentTransaction.GetDbTransaction()</c>.
    /// </summary>
    /// <param name="outboxEvent">The event.</param>
    /// <param name="transaction">The app's transaction. After an error nothing can be done in it but to roll it back.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="InvalidOperationException">A <c>TransactionScope</c> is open, and the event would not be a part of it.</exception>
    /// <exception cref="RowContractException">The event breaks the contract, or is larger than the server takes. Nothing was sent.</exception>
    /// <exception cref="EventAlreadyWrittenException">This very event is there: the transaction that it belongs to was committed before.</exception>
    /// <exception cref="EventIdConflictException">The id is another event's.</exception>
    /// <exception cref="EventIdTakenException">The id is taken, and the row could not be compared.</exception>
    public Task EnqueueAsync(OutboxEvent outboxEvent, DbTransaction transaction, CancellationToken cancellationToken = default) =>
        _writing.EnqueueAsync(outboxEvent, transaction, cancellationToken);

    /// <summary>
    /// Writes many events in a transaction of the app's own, a thousand in a statement. Events of one ordering key keep
    /// their order; the keys are locked in one order everywhere, so that two transactions do not wait for each other in
    /// a circle. A transaction that calls this twice with ordering keys gives up that guarantee.
    /// </summary>
    /// <param name="events">The events.</param>
    /// <param name="transaction">The app's transaction. After an error nothing can be done in it but to roll it back.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="InvalidOperationException">A <c>TransactionScope</c> is open, and the event would not be a part of it.</exception>
    /// <exception cref="RowContractException">An event breaks the contract, or is larger than the server takes. Nothing was sent.</exception>
    /// <exception cref="EventAlreadyWrittenException">All of the events are there: they were committed before.</exception>
    /// <exception cref="EventIdConflictException">An id is another event's.</exception>
    /// <exception cref="EventIdTakenException">
    /// Some ids are taken and others not, two events have one id, or the rows could not be compared.
    /// </exception>
    public Task EnqueueManyAsync(
        IEnumerable<OutboxEvent> events, TTransaction transaction, CancellationToken cancellationToken = default) =>
        _writing.EnqueueManyAsync(events, transaction, cancellationToken);

    /// <summary>Runs a business operation and writes its event in one transaction: both are there, or neither.</summary>
    /// <typeparam name="TResult">The operation's result.</typeparam>
    /// <param name="operation">Executes the business writes in the transaction, and returns a result. It must not end the transaction.</param>
    /// <param name="payload">The event's payload, JSON by default.</param>
    /// <param name="eventType">The event's type, which is its subject.</param>
    /// <param name="resultType">How the result travels in the message as <c>result</c>; null: it does not.</param>
    /// <param name="cancellationToken">Ends the wait; during the commit the outcome is then unknown.</param>
    /// <returns>The operation's result, once everything is committed.</returns>
    /// <remarks>Nothing is tried again: the operation is the caller's, and so is the decision to repeat it.</remarks>
    /// <exception cref="CommitUnknownException">Nobody knows whether both were written, or neither. It has the event's id.</exception>
    /// <exception cref="InvalidOperationException">A <c>TransactionScope</c> is open, and the event would not be a part of it.</exception>
    /// <exception cref="RowContractException">
    /// The event breaks the contract, or is larger than the server takes: the operation was not called. Or its result is: nothing was written.
    /// </exception>
    /// <exception cref="TransactionEndedException">The operation has ended the transaction itself.</exception>
    public Task<TResult> ExecuteWithOutboxAsync<TResult>(
        Func<TTransaction, CancellationToken, Task<TResult>> operation,
        string payload,
        string eventType,
        JsonTypeInfo<TResult>? resultType = null,
        CancellationToken cancellationToken = default) =>
        _writing.ExecuteAsync(operation, NewEvent(eventType, payload), resultType, cancellationToken);

    /// <summary>
    /// Runs a business operation and writes its event in one transaction, under an id of the caller's: where a commit's
    /// outcome is unknown, the same call again (with the event's id, subject and payload) either does both, or says by an
    /// <see cref="EventAlreadyWrittenException"/> that both were done. The id is remembered while its row is in the outbox.
    /// </summary>
    /// <typeparam name="TResult">The operation's result.</typeparam>
    /// <param name="operation">Executes the business writes in the transaction, and returns a result. It must not end the transaction.</param>
    /// <param name="outboxEvent">The event.</param>
    /// <param name="resultType">How the result travels in the message as <c>result</c>; null: it does not.</param>
    /// <param name="cancellationToken">Ends the wait; during the commit the outcome is then unknown.</param>
    /// <returns>The operation's result, once everything is committed.</returns>
    /// <exception cref="CommitUnknownException">Nobody knows whether both were written, or neither; the same call again finds out.</exception>
    /// <exception cref="InvalidOperationException">A <c>TransactionScope</c> is open, and the event would not be a part of it.</exception>
    /// <exception cref="RowContractException">
    /// The event breaks the contract, or is larger than the server takes: the operation was not called. Or its result is: nothing was written.
    /// </exception>
    /// <exception cref="EventAlreadyWrittenException">This very event is there: both were done by an earlier call. Nothing was written.</exception>
    /// <exception cref="EventIdConflictException">The id is another event's. Nothing was written.</exception>
    /// <exception cref="EventIdTakenException">The id is taken, and the row could not be compared. Nothing was written.</exception>
    /// <exception cref="TransactionEndedException">The operation has ended the transaction itself.</exception>
    public Task<TResult> ExecuteWithOutboxAsync<TResult>(
        Func<TTransaction, CancellationToken, Task<TResult>> operation,
        OutboxEvent outboxEvent,
        JsonTypeInfo<TResult>? resultType = null,
        CancellationToken cancellationToken = default) =>
        _writing.ExecuteAgainAsync(operation, outboxEvent, resultType, cancellationToken);
}
