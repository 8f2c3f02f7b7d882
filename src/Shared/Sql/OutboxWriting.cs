using System.Data.Common;
using System.Text.Json.Serialization.Metadata;
using Relaybox.Events;
using Relaybox.Outbox;

namespace Relaybox.Sql;

/// <summary>
/// Writes events in the transactions of apps. The writers of the stores document what it does; this is how they do it.
/// </summary>
/// <param name="dialect">The database.</param>
internal sealed class OutboxWriting(IOutboxDialect dialect)
{
    /// <summary>Writes an event in a transaction of the app's own.</summary>
    internal async Task EnqueueAsync(OutboxEvent outboxEvent, DbTransaction transaction, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        AmbientScope.Refuse();
        dialect.Require(outboxEvent);
        await dialect.SplitAsync([outboxEvent], transaction, cancellationToken);
        try
        {
            await dialect.InsertAsync([outboxEvent], transaction, locked: null, cancellationToken);
        }
        catch (DbException e) when (dialect.IsOfEventId(e))
        {
            throw await ExplainAsync([[outboxEvent]], e, cancellationToken);
        }
    }

    /// <summary>Writes many events in a transaction of the app's own.</summary>
    internal async Task EnqueueManyAsync(IEnumerable<OutboxEvent> events, DbTransaction transaction, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(events);
        ArgumentNullException.ThrowIfNull(transaction);
        AmbientScope.Refuse();
        var ordered = OutboxChunks.InKeyOrder(events);
        foreach (var outboxEvent in ordered)
        {
            dialect.Require(outboxEvent);
        }

        if (ordered.Length == 0)
        {
            return;
        }

        var chunks = await dialect.SplitAsync(ordered, transaction, cancellationToken);
        foreach (var (i, chunk) in chunks.Index())
        {
            try
            {
                await dialect.InsertAsync(chunk, transaction, i == 0 ? ordered : null, cancellationToken);
            }
            catch (DbException e) when (dialect.IsOfEventId(e))
            {
                throw await ExplainAsync(chunks, e, cancellationToken);
            }
        }
    }

    /// <summary>Runs a business operation and writes its event in one transaction.</summary>
    internal async Task<TResult> ExecuteAsync<TTransaction, TResult>(
        Func<TTransaction, CancellationToken, Task<TResult>> operation,
        OutboxEvent outboxEvent,
        JsonTypeInfo<TResult>? resultType,
        CancellationToken cancellationToken)
        where TTransaction : DbTransaction
    {
        ArgumentNullException.ThrowIfNull(operation);
        AmbientScope.Refuse();
        dialect.Require(outboxEvent);
        await using var connection = await dialect.OpenAsync(cancellationToken);
        var transaction = (TTransaction)await dialect.BeginAsync(connection, cancellationToken);
        try
        {
            return await ExecuteAsync(operation, outboxEvent, resultType, transaction, cancellationToken);
        }
        finally
        {
            await EndAsync(transaction);
        }
    }

    /// <summary>The same under an id of the caller's, whose repeated call says whether the first has done it.</summary>
    internal async Task<TResult> ExecuteAgainAsync<TTransaction, TResult>(
        Func<TTransaction, CancellationToken, Task<TResult>> operation,
        OutboxEvent outboxEvent,
        JsonTypeInfo<TResult>? resultType,
        CancellationToken cancellationToken)
        where TTransaction : DbTransaction
    {
        ArgumentNullException.ThrowIfNull(operation);
        var operated = false;
        try
        {
            return await ExecuteAsync<TTransaction, TResult>(
                async (transaction, ct) =>
                {
                    var result = await operation(transaction, ct);
                    operated = true;
                    return result;
                },
                outboxEvent,
                resultType,
                cancellationToken);
        }
        catch (Exception e) when (operated ? e is DbException && dialect.IsOfEventId(e) : dialect.IsOfConstraint(e))
        {
            // Where an earlier call has done it, the operation's own rows can be in the way, too. The connection is free again.
            var taken = await ExplainAsync([[outboxEvent]], e, cancellationToken);
            if (operated || taken is EventAlreadyWrittenException)
            {
                throw taken;
            }

            throw;
        }
    }

    private async Task<TResult> ExecuteAsync<TTransaction, TResult>(
        Func<TTransaction, CancellationToken, Task<TResult>> operation,
        OutboxEvent outboxEvent,
        JsonTypeInfo<TResult>? resultType,
        TTransaction transaction,
        CancellationToken cancellationToken)
        where TTransaction : DbTransaction
    {
        await dialect.SplitAsync([outboxEvent], transaction, cancellationToken);
        var result = await operation(transaction, cancellationToken);
        if (resultType is not null)
        {
            outboxEvent = outboxEvent.WithResult(result, resultType);
            dialect.Require(outboxEvent);
            await dialect.SplitAsync([outboxEvent], transaction, cancellationToken);
        }

        await dialect.InsertAfterOperationAsync(outboxEvent, transaction, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            await transaction.CommitAsync(cancellationToken);
        }
        catch (Exception e) when (dialect.LeavesOutcomeOpen(e))
        {
            throw new CommitUnknownException(outboxEvent.EventId, e);
        }

        return result;
    }

    // On a connection that is lost some drivers cannot roll back, and say so: that must not hide why it was lost.
    private static async ValueTask EndAsync(DbTransaction transaction)
    {
        try
        {
            await transaction.DisposeAsync();
        }
        catch (Exception e) when (e is DbException or IOException or InvalidOperationException)
        {
            // The server rolls back what its client has left.
        }
    }

    /// <summary>
    /// Compares events with the rows that have their ids. It needs a connection of its own, because a refused insert may have ended
    /// the transaction that it was in.
    /// </summary>
    /// <returns>The exception that says what is there.</returns>
    private async Task<EventIdTakenException> ExplainAsync(
        IReadOnlyList<OutboxEvent[]> chunks, Exception refusal, CancellationToken cancellationToken)
    {
        var events = chunks.Sum(chunk => chunk.Length);
        var same = 0;
        try
        {
            await using var connection = await dialect.OpenAsync(cancellationToken);
            foreach (var chunk in chunks)
            {
                foreach (var (i, answer) in (await dialect.CompareAsync(chunk, connection, cancellationToken)).Index())
                {
                    if (answer == false)
                    {
                        return new EventIdConflictException(chunk[i].EventId, refusal);
                    }

                    same += answer == true ? 1 : 0;
                }
            }
        }
        catch (DbException)
        {
            // The right is missing, or the procedure, or the connection: then it stays unknown.
            same = 0;
        }

        return EventIdTakenException.Of(chunks[0][0].EventId, events, same, refusal);
    }
}
