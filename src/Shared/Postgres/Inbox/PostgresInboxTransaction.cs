using System.Runtime.ExceptionServices;
using Npgsql;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Outbox;

namespace Relaybox.Postgres;

/// <summary>
/// Commits what a handler wrote, what it enlisted and emitted, and the mark of its message in one database transaction. A handler
/// that only enlists and emits costs a connection for the commit alone, one that does nothing of it costs none.
/// </summary>
internal sealed class PostgresInboxTransaction(
    PostgresConnections connections,
    PostgresInboxRepository inbox,
    OutboxInsert outbox,
    InboxClaim.Claimed claim,
    TimeProvider time) : IInboxTransaction
{
    private static readonly TimeSpan LongestLook = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _opening = new(1, 1);
    private readonly HandlerErrors _errors = HandlerErrors.Watch();
    private readonly List<OutboxEvent> _events = [];
    private readonly List<NpgsqlBatchCommand> _writes = [];
    private HandlerTransaction? _enlisted;
    private Task? _leftBehind;
    private bool _closed;

    public string? ErrorName { get; private set; }

    public void Emit(OutboxEvent outboxEvent)
    {
        PostgresRowContract.Require(outboxEvent);
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
            if (_enlisted is not null || _events.Count > 0 || _writes.Count > 0)
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
        try
        {
            // The mark comes last: the record's lock is then held for the commit alone.
            var holds = _enlisted is { } enlisted
                ? await enlisted.CommitAsync(Writes(), cancellationToken)
                : await HandlerTransaction.CommitAtOnceAsync(connections, claim.Token, Writes(), cancellationToken);
            return holds ? CommitOutcome.Committed : CommitOutcome.ClaimLost;
        }
        catch (PostgresException e) when (outbox.Refusal.IsOfSequence(e))
        {
            // No condition of the handler's: nothing can be emitted until somebody has put the sequence right.
            throw outbox.Refusal.BehindRows(e);
        }
        catch (PostgresException e) when (IsRefusal(e) && e.SqlState == PostgresErrorCodes.InFailedSqlTransaction)
        {
            ErrorName = _errors.Last;
            return await RefusedAsync(CommitOutcome.StatementFailed, cancellationToken);
        }
        catch (PostgresException e) when (IsFailedCondition(e))
        {
            ErrorName = e.SqlState;
            return await RefusedAsync(CommitOutcome.EnlistedConditionFailed, cancellationToken);
        }
        catch (TransactionEndedException) when (_enlisted is not { IsBroken: true })
        {
            return CommitOutcome.TransactionEnded;
        }
        catch (Exception e) when (!IsRefusal(e))
        {
            return await ReadOutcomeAsync(ExceptionDispatchInfo.Capture(e), cancellationToken);
        }
    }

    public void LeaveBehind(Task handler) => _leftBehind = handler;

    public async ValueTask DisposeAsync()
    {
        Close();
        if (Interlocked.Exchange(ref _enlisted, null) is not { } enlisted)
        {
            return;
        }

        if (_leftBehind is { } handler)
        {
            await enlisted.LeaveToAsync(handler, connections);
        }
        else
        {
            await enlisted.CloseAsync(connections);
        }
    }

    internal void Enlist(NpgsqlBatchCommand command)
    {
        ArgumentNullException.ThrowIfNull(command);
        lock (_events)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            _writes.Add(command);
        }
    }

    internal async ValueTask<NpgsqlTransaction> GetTransactionAsync(CancellationToken cancellationToken)
    {
        await _opening.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _closed), this);
            if (_enlisted is { } enlisted)
            {
                return enlisted.Transaction;
            }

            enlisted = await HandlerTransaction.BeginAsync(connections, claim.Token, cancellationToken);
            lock (_events)
            {
                if (!_closed)
                {
                    _enlisted = enlisted;
                    return enlisted.Transaction;
                }
            }

            // Too late: nobody else knows of it.
            await enlisted.CloseAsync(connections);
            throw new ObjectDisposedException(GetType().FullName);
        }
        finally
        {
            _opening.Release();
        }
    }

    private void Close()
    {
        lock (_events)
        {
            _closed = true;
        }
    }

    private IEnumerable<NpgsqlBatchCommand> Writes()
    {
        foreach (var write in _writes)
        {
            yield return write;
        }

        if (_events.Count > 0)
        {
            if (outbox.LockKeys(_events) is { } locks)
            {
                yield return locks;
            }

            yield return outbox.Create(OutboxInsert.InKeyOrder(_events), claim.Token);
        }

        yield return inbox.Completion(claim);
    }

    /// <summary>Nothing was written. A late worker meets the writes of the one that took over: then that is the reason.</summary>
    private async Task<CommitOutcome> RefusedAsync(CommitOutcome reason, CancellationToken cancellationToken)
    {
        await DisposeAsync();
        return await inbox.ReadOwnAsync(claim, cancellationToken) == InboxStatus.Processing ? reason : CommitOutcome.ClaimLost;
    }

    /// <summary>The commit has no answer. The record has: the mark is in the same transaction.</summary>
    private async Task<CommitOutcome> ReadOutcomeAsync(ExceptionDispatchInfo failure, CancellationToken cancellationToken)
    {
        await DisposeAsync();
        using var patience = new CancellationTokenSource(LongestLook, time);
        InboxStatus? status;
        try
        {
            status = await inbox.ReadOwnAsync(claim, cancellationToken.IsCancellationRequested ? patience.Token : cancellationToken);
        }
        catch (Exception e) when (e is NpgsqlException or OperationCanceledException)
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

    private static bool IsRefusal(Exception exception) =>
        exception is PostgresException { InvariantSeverity: "ERROR" } or TransactionEndedException;

    /// <summary>Whether a rule of the database did not hold.</summary>
    private static bool IsFailedCondition(PostgresException e) =>
        IsRefusal(e)
        && (e.SqlState.StartsWith("23", StringComparison.Ordinal)
            || e.SqlState is PostgresErrorCodes.WithCheckOptionViolation or PostgresErrorCodes.RaiseException);
}
