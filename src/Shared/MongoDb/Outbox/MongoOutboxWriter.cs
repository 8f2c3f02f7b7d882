using System.Text.Json.Serialization.Metadata;
using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Diagnostics;
using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Timing;

namespace Relaybox.MongoDb;

/// <summary>
/// Writes outbox rows from .NET apps, in the same transaction as their business data. Events are checked against the row contract
/// before anything is sent.
/// </summary>
public sealed class MongoOutboxWriter
{
    private const int MaxTries = 20;

    // The driver's own loop goes on for two minutes, which is longer than most callers can wait.
    private static readonly TimeSpan DefaultPatience = TimeSpan.FromSeconds(30);

    private readonly MongoCollections _collections;
    private readonly TimeProvider _time;
    private readonly IEntropy _entropy;
    private readonly Backoff _backoff;

    /// <summary>Makes a writer on the app's own client; many threads may use it at once.</summary>
    /// <param name="database">The database with the outbox. The business data may be in any database of the same client.</param>
    /// <param name="options">The collections; the same as the functions have.</param>
    public MongoOutboxWriter(IMongoDatabase database, MongoOptions options)
        : this(database, options, TimeProvider.System, SystemEntropy.Instance)
    {
    }

    internal MongoOutboxWriter(IMongoDatabase database, MongoOptions options, TimeProvider time, IEntropy entropy)
    {
        ArgumentNullException.ThrowIfNull(database);
        ArgumentNullException.ThrowIfNull(options);
        (_collections, _time, _entropy) = (new MongoCollections(database, options), time, entropy);
        _backoff = new Backoff(TimeSpan.FromMilliseconds(5), TimeSpan.FromSeconds(1), entropy);
    }

    /// <summary>
    /// How long a call of <c>ExecuteWithOutboxAsync</c> is tried again where its transaction meets others or its commit has no answer.
    /// Default: 30 seconds.
    /// </summary>
    public TimeSpan Patience { get; init; } = DefaultPatience;

    /// <summary>A new event with a new id.</summary>
    /// <param name="subject">What happened.</param>
    /// <param name="payload">The payload, JSON by default.</param>
    public OutboxEvent NewEvent(string subject, string payload) => OutboxEvent.New(subject, payload, _entropy);

    /// <summary>Writes an event in a transaction of the app's own, which the app then commits.</summary>
    /// <param name="outboxEvent">The event.</param>
    /// <param name="session">The app's session, in a transaction. After an error nothing can be done in it but to abort it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="InvalidOperationException">The session is in no transaction.</exception>
    /// <exception cref="RowContractException">The event breaks the contract.</exception>
    /// <exception cref="EventAlreadyWrittenException">This very event is there: the transaction that it belongs to was committed before.</exception>
    /// <exception cref="EventIdConflictException">The id is another event's.</exception>
    /// <exception cref="EventIdTakenException">The id is taken, and the row could not be compared.</exception>
    /// <exception cref="OutboxCounterException">The counter of the ordering key is behind; Setup puts it right.</exception>
    /// <exception cref="MongoException">
    /// The server refused a command. With the label <c>TransientTransactionError</c> the app runs its whole transaction again.
    /// </exception>
    public Task EnqueueAsync(OutboxEvent outboxEvent, IClientSessionHandle session, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(outboxEvent);
        return EnqueueManyAsync([outboxEvent], session, cancellationToken);
    }

    /// <summary>
    /// Writes many events in a transaction of the app's own, a thousand in a command. Events of one ordering key keep their order.
    /// </summary>
    /// <inheritdoc cref="EnqueueAsync(OutboxEvent, IClientSessionHandle, CancellationToken)"/>
    /// <param name="events">The events.</param>
    /// <param name="session">The app's session, in a transaction. After an error nothing can be done in it but to abort it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task EnqueueManyAsync(
        IEnumerable<OutboxEvent> events, IClientSessionHandle session, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(events);
        ArgumentNullException.ThrowIfNull(session);
        OutboxEvent[] all = [.. events];
        foreach (var outboxEvent in all)
        {
            RowContract.Require(outboxEvent);
        }

        if (!session.IsInTransaction)
        {
            throw new InvalidOperationException(
                "The session is in no transaction: the event would be written without the business data. Call StartTransaction first.");
        }

        try
        {
            await OutboxInsert.InsertAsync(_collections, session, all, _time.GetUtcNow(), cancellationToken);
        }
        catch (EventIdRefusedException e)
        {
            throw await ExplainAsync(all, e, cancellationToken);
        }
    }

    /// <summary>Runs a business operation and writes its event in one transaction: both are there, or neither.</summary>
    /// <typeparam name="TResult">The operation's result.</typeparam>
    /// <param name="operation">
    /// Executes the business writes with the session, and returns a result. It must not end the transaction. Where the transaction meets
    /// another one, the operation is executed again.
    /// </param>
    /// <param name="payload">The event's payload, JSON by default.</param>
    /// <param name="eventType">The event's type, which is its subject.</param>
    /// <param name="resultType">How the result travels in the message as <c>result</c>; null: it does not.</param>
    /// <param name="cancellationToken">Ends the wait; during the commit the outcome is then unknown.</param>
    /// <returns>The operation's result, once everything is committed.</returns>
    /// <exception cref="CommitUnknownException">Nobody knows whether both were written, or neither. It has the event's id.</exception>
    /// <exception cref="RowContractException">The event breaks the contract; the operation was not called.</exception>
    /// <exception cref="TransactionEndedException">The operation has ended the transaction itself.</exception>
    /// <exception cref="OutboxCounterException">The counter of the ordering key is behind; Setup puts it right. Nothing was written.</exception>
    public Task<TResult> ExecuteWithOutboxAsync<TResult>(
        Func<IClientSessionHandle, CancellationToken, Task<TResult>> operation,
        string payload,
        string eventType,
        JsonTypeInfo<TResult>? resultType = null,
        CancellationToken cancellationToken = default) =>
        ExecuteWithOutboxAsync(operation, NewEvent(eventType, payload), resultType, cancellationToken);

    /// <summary>The same with a collection that the operation is given, of the outbox's database.</summary>
    /// <typeparam name="TDocument">The collection's documents.</typeparam>
    /// <typeparam name="TResult">The operation's result.</typeparam>
    /// <param name="collection">The collection's name.</param>
    /// <param name="operation">Executes the business writes, and returns a result. It may be executed more than once.</param>
    /// <param name="payload">The event's payload, JSON by default.</param>
    /// <param name="eventType">The event's type, which is its subject.</param>
    /// <param name="resultType">How the result travels in the message as <c>result</c>; null: it does not.</param>
    /// <param name="cancellationToken">Ends the wait; during the commit the outcome is then unknown.</param>
    public Task<TResult> ExecuteWithOutboxAsync<TDocument, TResult>(
        string collection,
        Func<IMongoCollection<TDocument>, IClientSessionHandle, CancellationToken, Task<TResult>> operation,
        string payload,
        string eventType,
        JsonTypeInfo<TResult>? resultType = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(operation);
        var documents = _collections.Database.GetCollection<TDocument>(collection);
        return ExecuteWithOutboxAsync(
            (session, ct) => operation(documents, session, ct), NewEvent(eventType, payload), resultType, cancellationToken);
    }

    /// <summary>
    /// Runs a business operation and writes its event in one transaction, under an id of the caller's: where a commit's
    /// outcome is unknown, the same call again (with the event's id, subject and payload) either does both, or says by an
    /// <see cref="EventAlreadyWrittenException"/> that both were done. The id is remembered while its row is in the outbox.
    /// </summary>
    /// <typeparam name="TResult">The operation's result.</typeparam>
    /// <param name="operation">
    /// Executes the business writes with the session, and returns a result. It must not end the transaction. Where the transaction meets
    /// another one, the operation is executed again.
    /// </param>
    /// <param name="outboxEvent">The event.</param>
    /// <param name="resultType">How the result travels in the message as <c>result</c>; null: it does not.</param>
    /// <param name="cancellationToken">Ends the wait; during the commit the outcome is then unknown.</param>
    /// <returns>The operation's result, once everything is committed.</returns>
    /// <exception cref="CommitUnknownException">Nobody knows whether both were written, or neither; the same call again finds out.</exception>
    /// <exception cref="RowContractException">The event breaks the contract; the operation was not called.</exception>
    /// <exception cref="EventAlreadyWrittenException">This very event is there: both were done by an earlier call. Nothing was written.</exception>
    /// <exception cref="EventIdConflictException">The id is another event's. Nothing was written.</exception>
    /// <exception cref="EventIdTakenException">The id is taken, and the row could not be compared. Nothing was written.</exception>
    /// <exception cref="TransactionEndedException">The operation has ended the transaction itself.</exception>
    /// <exception cref="OutboxCounterException">The counter of the ordering key is behind; Setup puts it right. Nothing was written.</exception>
    public async Task<TResult> ExecuteWithOutboxAsync<TResult>(
        Func<IClientSessionHandle, CancellationToken, Task<TResult>> operation,
        OutboxEvent outboxEvent,
        JsonTypeInfo<TResult>? resultType = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(operation);
        RowContract.Require(outboxEvent);
        using var patience = new CancellationTokenSource(Patience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await ExecuteOnceAsync(operation, outboxEvent, resultType, either.Token, cancellationToken);
            }
            catch (EventIdRefusedException e)
            {
                throw await ExplainAsync([outboxEvent], e, cancellationToken);
            }
            catch (Exception e) when (attempt < MaxTries && !either.IsCancellationRequested
                && MongoFaults.HasLabel(e, MongoFaults.TransientTransaction))
            {
                await Task.Delay(_backoff.After(attempt), _time, cancellationToken);
            }
            catch (Exception e) when (MongoFaults.IsFailedCondition(e))
            {
                // Where an earlier call has done it, the operation's own documents are in the way.
                if (await ExplainAsync([outboxEvent], e, cancellationToken) is EventAlreadyWrittenException written)
                {
                    throw written;
                }

                throw;
            }
        }
    }

    private async Task<TResult> ExecuteOnceAsync<TResult>(
        Func<IClientSessionHandle, CancellationToken, Task<TResult>> operation,
        OutboxEvent outboxEvent,
        JsonTypeInfo<TResult>? resultType,
        CancellationToken patience,
        CancellationToken cancellationToken)
    {
        var errors = ErrorWatch.Start(MongoFaults.NameOfRefusal);
        using var transaction = await SessionTransaction.BeginAsync(_collections, cancellationToken);
        try
        {
            var result = await operation(transaction.Session, cancellationToken);
            transaction.ThrowIfEnded();
            if (resultType is not null)
            {
                outboxEvent = outboxEvent.WithResult(result, resultType);
                RowContract.Require(outboxEvent);
            }

            try
            {
                await OutboxInsert.InsertAsync(_collections, transaction.Session, [outboxEvent], _time.GetUtcNow(), cancellationToken);
            }
            catch (MongoException e) when (errors.Last is { } refused && MongoFaults.Codes(e).Contains(MongoFaults.NoSuchTransaction))
            {
                // To try again would meet the same error, again and again.
                throw new InvalidOperationException(
                    $"A command of the operation failed ({refused}), which has ended the transaction, and the operation went on as if it had not. "
                    + "Nothing was written. Let the operation throw what it cannot repair.");
            }

            await CommitAsync(transaction, outboxEvent.EventId, patience, cancellationToken);
            return result;
        }
        finally
        {
            await transaction.AbortAsync();
        }
    }

    private async Task CommitAsync(
        SessionTransaction transaction, string eventId, CancellationToken patience, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            await transaction.CommitAsync(_time, patience);
        }
        catch (Exception e) when (!MongoFaults.HasLabel(e, MongoFaults.TransientTransaction) && LeavesOutcomeOpen(e))
        {
            throw new CommitUnknownException(eventId, e);
        }
    }

    // An error of the server's without the label has rolled back.
    private static bool LeavesOutcomeOpen(Exception exception) =>
        exception is OperationCanceledException or TimeoutException || MongoFaults.HasLabel(exception, MongoFaults.UnknownCommit)
        || MongoFaults.IsOfServer(exception);

    /// <summary>Compares events with the rows that have their ids.</summary>
    private async Task<EventIdTakenException> ExplainAsync(OutboxEvent[] events, Exception refusal, CancellationToken cancellationToken)
    {
        var same = 0;
        try
        {
            foreach (var some in events.Chunk(100))
            {
                var rows = (await _collections.Outbox
                    .Find(new BsonDocument(Fields.Id, Expressions.IsIn(some.Select(outboxEvent => outboxEvent.EventId))))
                    .Project<BsonDocument>(new BsonDocument { { Fields.Subject, 1 }, { Fields.Payload, 1 } }).ReadAsync(cancellationToken))
                    .ToDictionary(row => row[Fields.Id].AsString, StringComparer.Ordinal);
                foreach (var outboxEvent in some)
                {
                    if (rows.TryGetValue(outboxEvent.EventId, out var row))
                    {
                        if (row.Text(Fields.Subject) != outboxEvent.Subject || row.Text(Fields.Payload) != outboxEvent.Payload)
                        {
                            return new EventIdConflictException(outboxEvent.EventId, refusal);
                        }

                        same++;
                    }
                }
            }
        }
        catch (MongoException)
        {
            // The right is missing, or the connection: then it stays unknown.
            same = 0;
        }

        return EventIdTakenException.Of(events[0].EventId, events.Length, same, refusal);
    }
}
