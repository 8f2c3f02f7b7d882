using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Diagnostics;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Outbox;
using Relaybox.Timing;

namespace Relaybox.MongoDb;

/// <summary>
/// Commits what a handler wrote, what it enlisted and emitted, and the mark of its message in one transaction. A handler that only
/// enlists and emits holds no transaction while it works, and where its commit meets another one it is tried again.
/// </summary>
internal sealed class MongoInboxTransaction(
    MongoConnections connections, MongoInboxRepository inbox, InboxClaim.Claimed claim, TimeProvider time, IEntropy entropy) : IInboxTransaction
{
    private const int MaxTries = 8;

    private readonly ErrorWatch _errors = ErrorWatch.Start(MongoFaults.NameOfRefusal);
    private readonly HandlerWork<Func<IMongoDatabase, IClientSessionHandle, CancellationToken, Task>, SessionTransaction> _work =
        new(typeof(MongoInboxTransaction));

    private readonly Backoff _backoff = new(TimeSpan.FromMilliseconds(10), TimeSpan.FromMilliseconds(500), entropy);
    private Task? _leftBehind;

    public string? ErrorName { get; private set; }

    public void Emit(OutboxEvent outboxEvent)
    {
        RowContract.Require(outboxEvent);
        _work.Emit(outboxEvent);
    }

    public bool TryCloseEmpty() => _work.TryCloseEmpty();

    public async Task<CommitOutcome> CommitAsync(CancellationToken cancellationToken)
    {
        if (TryCloseEmpty())
        {
            return await inbox.MarkProcessedAsync(claim, cancellationToken) ? CommitOutcome.Committed : CommitOutcome.ClaimLost;
        }

        _work.Close();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await CommitOnceAsync(cancellationToken);
            }
            catch (Exception e) when (_work.Session is null && attempt < MaxTries && !cancellationToken.IsCancellationRequested
                && MongoFaults.HasLabel(e, MongoFaults.TransientTransaction))
            {
                // Nothing of it is committed, and nothing of the handler's is in it but what can be executed again.
                await Task.Delay(_backoff.After(attempt), time, cancellationToken);
            }
        }
    }

    public void LeaveBehind(Task handler) => _leftBehind = handler;

    public async ValueTask DisposeAsync()
    {
        _work.Close();
        if (_work.TakeSession() is not { } session)
        {
            return;
        }

        if (_leftBehind is { } handler)
        {
            await session.LeaveToAsync(handler);
        }
        else
        {
            await session.AbortAsync();
            session.Dispose();
        }
    }

    internal void Enlist(Func<IMongoDatabase, IClientSessionHandle, CancellationToken, Task> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        _work.Enlist(write);
    }

    internal async ValueTask<IClientSessionHandle> GetSessionAsync(CancellationToken cancellationToken)
    {
        var opened = await _work.OpenAsync(
            ct => connections.UseAsync(SessionTransaction.BeginAsync, ct),
            static late =>
            {
                late.Dispose();
                return ValueTask.CompletedTask;
            },
            cancellationToken);
        return opened.Session;
    }

    private async Task<CommitOutcome> CommitOnceAsync(CancellationToken cancellationToken)
    {
        if (_work.Session is { } handlers)
        {
            try
            {
                return await CommitAsync(handlers, cancellationToken);
            }
            catch (Exception e) when (MongoFaults.HasLabel(e, MongoFaults.TransientTransaction))
            {
                // A late worker's transaction does not see that another has taken the record since it began: it meets it here.
                await handlers.AbortAsync();
                if (await inbox.ReadOwnAsync(claim, cancellationToken) != InboxStatus.Processing)
                {
                    return CommitOutcome.ClaimLost;
                }

                throw;
            }
        }

        using var own = await connections.UseAsync(SessionTransaction.BeginAsync, cancellationToken);
        try
        {
            return await CommitAsync(own, cancellationToken);
        }
        finally
        {
            await own.AbortAsync();
        }
    }

    private async Task<CommitOutcome> CommitAsync(SessionTransaction transaction, CancellationToken cancellationToken)
    {
        try
        {
            transaction.ThrowIfEnded();
            foreach (var write in _work.Writes)
            {
                await write(transaction.Database, transaction.Session, cancellationToken);
            }

            transaction.ThrowIfEnded();
            if (!await connections.UseAsync((database, ct) => CompleteAsync(database, transaction.Session, ct), cancellationToken))
            {
                return CommitOutcome.ClaimLost;
            }
        }
        catch (TransactionEndedException)
        {
            return CommitOutcome.TransactionEnded;
        }
        catch (Exception e) when (e is EventIdRefusedException or RefusedWriteException || MongoFaults.IsFailedCondition(e))
        {
            ErrorName = e switch
            {
                EventIdRefusedException => "DuplicateKey",
                RefusedWriteException refused => $"error {refused.Code}",
                _ => MongoFaults.Name(e),
            };
            return await RefusedAsync(transaction, CommitOutcome.EnlistedConditionFailed, cancellationToken);
        }
        catch (MongoException e) when (_errors.Last is { } last && MongoFaults.Codes(e).Contains(MongoFaults.NoSuchTransaction))
        {
            ErrorName = last;
            return await RefusedAsync(transaction, CommitOutcome.StatementFailed, cancellationToken);
        }

        try
        {
            await transaction.CommitAsync(time, cancellationToken);
            return CommitOutcome.Committed;
        }
        catch (Exception e) when (!MongoFaults.HasLabel(e, MongoFaults.TransientTransaction))
        {
            return await UnansweredCommit.ReadAsync(
                e, ct => inbox.ReadOwnAsync(claim, ct), static failure => failure is MongoException or TimeoutException, time, cancellationToken);
        }
    }

    // The mark comes last: the record's lock is then held for the commit alone.
    private async Task<bool> CompleteAsync(MongoCollections database, IClientSessionHandle session, CancellationToken cancellationToken)
    {
        if (_work.Events.Count > 0)
        {
            await OutboxInsert.InsertAsync(database, session, _work.Events, time.GetUtcNow(), cancellationToken);
        }

        var result = await database.Inbox.UpdateOneAsync(
            session, InboxDocument.Held(claim), InboxDocument.Processed(_work.Events), cancellationToken: cancellationToken);
        if (result.MatchedCount == 1)
        {
            return true;
        }

        await session.AbortTransactionAsync(cancellationToken);
        return false;
    }

    /// <summary>Nothing was written. A late worker meets the writes of the one that took over: then that is the reason.</summary>
    private async Task<CommitOutcome> RefusedAsync(SessionTransaction transaction, CommitOutcome reason, CancellationToken cancellationToken)
    {
        await transaction.AbortAsync();
        return await inbox.ReadOwnAsync(claim, cancellationToken) == InboxStatus.Processing ? reason : CommitOutcome.ClaimLost;
    }
}
