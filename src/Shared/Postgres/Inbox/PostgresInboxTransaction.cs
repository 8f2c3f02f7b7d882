using Npgsql;
using Relaybox.Diagnostics;
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
    private readonly ErrorWatch _errors = ErrorWatch.Start(NameOf);
    private readonly HandlerWork<NpgsqlBatchCommand, HandlerTransaction> _work = new(typeof(PostgresInboxTransaction));
    private Task? _leftBehind;

    public string? ErrorName { get; private set; }

    public void Emit(OutboxEvent outboxEvent)
    {
        PostgresRowContract.Require(outboxEvent);
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
        try
        {
            // The mark comes last: the record's lock is then held for the commit alone.
            var holds = _work.Session is { } enlisted
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
        catch (TransactionEndedException) when (_work.Session is not { IsBroken: true })
        {
            return CommitOutcome.TransactionEnded;
        }
        catch (Exception e) when (!IsRefusal(e))
        {
            await DisposeAsync();
            return await UnansweredCommit.ReadAsync(
                e, ct => inbox.ReadOwnAsync(claim, ct), static failure => failure is NpgsqlException, time, cancellationToken);
        }
    }

    public void LeaveBehind(Task handler) => _leftBehind = handler;

    public async ValueTask DisposeAsync()
    {
        _work.Close();
        if (_work.TakeSession() is not { } enlisted)
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
        _work.Enlist(command);
    }

    internal async ValueTask<NpgsqlTransaction> GetTransactionAsync(CancellationToken cancellationToken)
    {
        var opened = await _work.OpenAsync(
            ct => HandlerTransaction.BeginAsync(connections, claim.Token, ct), late => late.CloseAsync(connections), cancellationToken);
        return opened.Transaction;
    }

    private IEnumerable<NpgsqlBatchCommand> Writes()
    {
        foreach (var write in _work.Writes)
        {
            yield return write;
        }

        if (_work.Events.Count > 0)
        {
            if (outbox.LockKeys(_work.Events) is { } locks)
            {
                yield return locks;
            }

            yield return outbox.Create(OutboxInsert.InKeyOrder(_work.Events), claim.Token);
        }

        yield return inbox.Completion(claim);
    }

    /// <summary>Nothing was written. A late worker meets the writes of the one that took over: then that is the reason.</summary>
    private async Task<CommitOutcome> RefusedAsync(CommitOutcome reason, CancellationToken cancellationToken)
    {
        await DisposeAsync();
        return await inbox.ReadOwnAsync(claim, cancellationToken) == InboxStatus.Processing ? reason : CommitOutcome.ClaimLost;
    }

    /// <summary>The SQLSTATE of an error that makes a transaction fail; later ones only say that it has failed.</summary>
    private static string? NameOf(Exception exception) =>
        exception is PostgresException { InvariantSeverity: "ERROR", SqlState: not PostgresErrorCodes.InFailedSqlTransaction } e ? e.SqlState : null;

    private static bool IsRefusal(Exception exception) =>
        exception is PostgresException { InvariantSeverity: "ERROR" } or TransactionEndedException;

    /// <summary>Whether a rule of the database did not hold.</summary>
    private static bool IsFailedCondition(PostgresException e) =>
        IsRefusal(e)
        && (e.SqlState.StartsWith("23", StringComparison.Ordinal)
            || e.SqlState is PostgresErrorCodes.WithCheckOptionViolation or PostgresErrorCodes.RaiseException);
}
