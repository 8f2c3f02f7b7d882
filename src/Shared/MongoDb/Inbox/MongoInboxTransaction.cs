using System.Runtime.ExceptionServices;
using MongoDB.Bson;
using MongoDB.Driver;
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

    private static readonly TimeSpan LongestLook = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _opening = new(1, 1);
    private readonly HandlerErrors _errors = HandlerErrors.Watch();
    private readonly List<OutboxEvent> _events = [];
    private readonly List<Func<IMongoDatabase, IClientSessionHandle, CancellationToken, Task>> _writes = [];
    private readonly Backoff _backoff = new(TimeSpan.FromMilliseconds(10), TimeSpan.FromMilliseconds(500), entropy);
    private SessionTransaction? _session;
    private Task? _leftBehind;
    private bool _closed;

    public string? ErrorName { get; private set; }

    public void Emit(OutboxEvent outboxEvent)
    {
        RowContract.Require(outboxEvent);
        lock (_events)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            _events.Add(outboxEvent);
        }
    }

    public bool TryCloseEmpty()
    {
        lock (_events)
        {
            if (_session is not null || _events.Count > 0 || _writes.Count > 0)
            {
                return false;
            }

            _closed = true;
            return true;
        }
    }

    public async Task<CommitOutcome> CommitAsync(CancellationToken cancellationToken)
    {
        if (TryCloseEmpty())
        {
            return await inbox.MarkProcessedAsync(claim, cancellationToken) ? CommitOutcome.Committed : CommitOutcome.ClaimLost;
        }

        Close();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await CommitOnceAsync(cancellationToken);
            }
            catch (Exception e) when (_session is null && attempt < MaxTries && !cancellationToken.IsCancellationRequested
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
        Close();
        if (Interlocked.Exchange(ref _session, null) is not { } session)
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
        lock (_events)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            _writes.Add(write);
        }
    }

    internal async ValueTask<IClientSessionHandle> GetSessionAsync(CancellationToken cancellationToken)
    {
        await _opening.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _closed), this);
            if (_session is { } session)
            {
                return session.Session;
            }

            session = await connections.UseAsync(SessionTransaction.BeginAsync, cancellationToken);
            lock (_events)
            {
                if (!_closed)
                {
                    _session = session;
                    return session.Session;
                }
            }

            // Too late: nobody else knows of it.
            session.Dispose();
            throw new ObjectDisposedException(GetType().FullName);
        }
        finally
        {
            _opening.Release();
        }
    }

    private async Task<CommitOutcome> CommitOnceAsync(CancellationToken cancellationToken)
    {
        if (_session is { } handlers)
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
            foreach (var write in _writes)
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
            return await ReadOutcomeAsync(ExceptionDispatchInfo.Capture(e), cancellationToken);
        }
    }

    // The mark comes last: the record's lock is then held for the commit alone.
    private async Task<bool> CompleteAsync(MongoCollections database, IClientSessionHandle session, CancellationToken cancellationToken)
    {
        if (_events.Count > 0)
        {
            await OutboxInsert.InsertAsync(database, session, _events, time.GetUtcNow(), cancellationToken);
        }

        var result = await database.Inbox.UpdateOneAsync(
            session, InboxDocument.Held(claim), InboxDocument.Processed(), cancellationToken: cancellationToken);
        if (result.MatchedCount == 1)
        {
            return true;
        }

        await session.AbortTransactionAsync(cancellationToken);
        return false;
    }

    private void Close()
    {
        lock (_events)
        {
            _closed = true;
        }
    }

    /// <summary>Nothing was written. A late worker meets the writes of the one that took over: then that is the reason.</summary>
    private async Task<CommitOutcome> RefusedAsync(SessionTransaction transaction, CommitOutcome reason, CancellationToken cancellationToken)
    {
        await transaction.AbortAsync();
        return await inbox.ReadOwnAsync(claim, cancellationToken) == InboxStatus.Processing ? reason : CommitOutcome.ClaimLost;
    }

    /// <summary>The commit has no answer. The record has: the mark is in the same transaction.</summary>
    private async Task<CommitOutcome> ReadOutcomeAsync(ExceptionDispatchInfo failure, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(LongestLook, time);
        InboxStatus? status;
        try
        {
            status = await inbox.ReadOwnAsync(claim, cancellationToken.IsCancellationRequested ? patience.Token : cancellationToken);
        }
        catch (Exception e) when (e is MongoException or TimeoutException or OperationCanceledException)
        {
            // Still unknown. The failed mark, or the next delivery, decides.
            failure.Throw();
            throw;
        }

        switch (status)
        {
            case InboxStatus.Processed:
                return CommitOutcome.Committed;
            case null:
                return CommitOutcome.ClaimLost;
            default:
                failure.Throw();
                throw failure.SourceException;
        }
    }
}
