using Relaybox.Diagnostics;
using Relaybox.Events;
using Relaybox.Inbox;

namespace Relaybox.Sql;

/// <summary>
/// Commits what a handler wrote, what it enlisted and emitted, and the mark of its message in one database transaction. A handler
/// that only enlists and emits costs a connection for the commit alone, one that does nothing of it costs none.
/// </summary>
/// <typeparam name="TWrite">What the database's driver has for a statement in a batch.</typeparam>
/// <typeparam name="TSession">The transaction that the handler executes statements in.</typeparam>
internal abstract class SqlInboxTransaction<TWrite, TSession> : IInboxTransaction
    where TSession : SqlHandlerTransaction
{
    private readonly SqlInboxRepository _inbox;
    private readonly TimeProvider _time;
    private readonly ErrorWatch _errors;
    private readonly HandlerWork<TWrite, TSession> _work;
    private Task? _leftBehind;

    /// <param name="inbox">The inbox.</param>
    /// <param name="claim">The claim whose message is handled.</param>
    /// <param name="nameOfFailure">The database's name of an error that makes a transaction fail (<see cref="ErrorWatch.Start"/>).</param>
    /// <param name="time">The clock of the patience for an answer.</param>
    protected SqlInboxTransaction(SqlInboxRepository inbox, InboxClaim.Claimed claim, Func<Exception, string?> nameOfFailure, TimeProvider time)
    {
        _inbox = inbox;
        Claim = claim;
        _time = time;
        _errors = ErrorWatch.Start(nameOfFailure);
        _work = new HandlerWork<TWrite, TSession>(GetType());
    }

    public string? ErrorName { get; private set; }

    protected InboxClaim.Claimed Claim { get; }

    /// <summary>The last error that made the handler's transaction fail, even if the handler swallowed it; null if there was none.</summary>
    protected string? LastFailure => _errors.Last;

    /// <summary>The transaction that the handler executes statements in; null if it has opened none.</summary>
    protected TSession? Session => _work.Session;

    protected IReadOnlyList<TWrite> Enlisted => _work.Writes;

    protected IReadOnlyList<OutboxEvent> Emitted => _work.Events;

    public void Emit(OutboxEvent outboxEvent)
    {
        Require(outboxEvent);
        _work.Emit(outboxEvent);
    }

    public bool TryCloseEmpty() => _work.TryCloseEmpty();

    public async Task<CommitOutcome> CommitAsync(CancellationToken cancellationToken)
    {
        if (TryCloseEmpty())
        {
            return await _inbox.MarkProcessedAsync(Claim, cancellationToken) ? CommitOutcome.Committed : CommitOutcome.ClaimLost;
        }

        _work.Close();
        try
        {
            return await WriteAsync(cancellationToken) ? CommitOutcome.Committed : CommitOutcome.ClaimLost;
        }
        catch (Exception e) when (ToRefusal(e) is { } refusal)
        {
            ErrorName = refusal.ErrorName;
            return refusal.Outcome == CommitOutcome.TransactionEnded
                ? refusal.Outcome
                : await RefusedAsync(refusal.Outcome, cancellationToken);
        }
        catch (Exception e) when (LeavesOutcomeOpen(e))
        {
            await DisposeAsync();
            return await UnansweredCommit.ReadAsync(e, ct => _inbox.ReadOwnAsync(Claim, ct), IsOfStore, _time, cancellationToken);
        }
    }

    public void LeaveBehind(Task handler) => _leftBehind = handler;

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
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
            await session.CloseAsync();
        }
    }

    internal void Enlist(TWrite write)
    {
        ArgumentNullException.ThrowIfNull(write);
        _work.Enlist(write);
    }

    /// <summary>Gives the handler its transaction, which the first call opens.</summary>
    protected ValueTask<TSession> OpenAsync(CancellationToken cancellationToken) =>
        _work.OpenAsync(BeginAsync, static late => late.CloseAsync(), cancellationToken);

    /// <summary>Refuses an event that the store cannot keep.</summary>
    /// <exception cref="RowContractException">The event breaks the contract.</exception>
    protected abstract void Require(OutboxEvent outboxEvent);

    protected abstract Task<TSession> BeginAsync(CancellationToken cancellationToken);

    /// <summary>Writes what was enlisted and emitted and then the mark, and commits all of it with what the handler has executed.</summary>
    /// <returns>Whether the claim held; otherwise nothing is committed.</returns>
    protected abstract Task<bool> WriteAsync(CancellationToken cancellationToken);

    /// <summary>What it means that the commit failed so; null where that is no answer to the handler.</summary>
    protected abstract CommitRefusal? ToRefusal(Exception exception);

    /// <summary>Whether the commit may have happened although it failed so.</summary>
    protected abstract bool LeavesOutcomeOpen(Exception exception);

    /// <summary>Whether an exception is the store's.</summary>
    protected abstract bool IsOfStore(Exception exception);

    /// <summary>Nothing was written. A late worker meets the writes of the one that took over: then that is the reason.</summary>
    private async Task<CommitOutcome> RefusedAsync(CommitOutcome reason, CancellationToken cancellationToken)
    {
        await DisposeAsync();
        return await _inbox.ReadOwnAsync(Claim, cancellationToken) == InboxStatus.Processing ? reason : CommitOutcome.ClaimLost;
    }
}
