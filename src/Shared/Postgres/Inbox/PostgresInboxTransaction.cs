using Npgsql;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Outbox;
using Relaybox.Sql;

namespace Relaybox.Postgres;

/// <summary>A handler's transaction in PostgreSQL.</summary>
internal sealed class PostgresInboxTransaction(
    PostgresConnections connections,
    PostgresInboxRepository inbox,
    OutboxInsert outbox,
    InboxClaim.Claimed claim,
    TimeProvider time) : SqlInboxTransaction<NpgsqlBatchCommand, HandlerTransaction>(inbox, claim, NameOf, time)
{
    internal async ValueTask<NpgsqlTransaction> GetTransactionAsync(CancellationToken cancellationToken) =>
        (await OpenAsync(cancellationToken)).Transaction;

    protected override void Require(OutboxEvent outboxEvent) => PostgresRowContract.Require(outboxEvent);

    protected override Task<HandlerTransaction> BeginAsync(CancellationToken cancellationToken) =>
        HandlerTransaction.BeginAsync(connections, Claim.Token, cancellationToken);

    protected override async Task<bool> WriteAsync(CancellationToken cancellationToken)
    {
        try
        {
            return Session is { } session
                ? await session.CommitAsync(Writes(), cancellationToken)
                : await HandlerTransaction.CommitAtOnceAsync(connections, Claim.Token, Writes(), cancellationToken);
        }
        catch (PostgresException e) when (outbox.Refusal.IsOfSequence(e))
        {
            // No condition of the handler's: nothing can be emitted until somebody has put the sequence right.
            throw outbox.Refusal.BehindRows(e);
        }
    }

    protected override CommitRefusal? ToRefusal(Exception exception) => exception switch
    {
        PostgresException { SqlState: PostgresErrorCodes.InFailedSqlTransaction } e when IsRefusal(e) =>
            new CommitRefusal(CommitOutcome.StatementFailed, LastFailure),
        PostgresException e when IsFailedCondition(e) => new CommitRefusal(CommitOutcome.EnlistedConditionFailed, e.SqlState),
        TransactionEndedException when Session is not { IsBroken: true } => new CommitRefusal(CommitOutcome.TransactionEnded, null),
        _ => null,
    };

    protected override bool LeavesOutcomeOpen(Exception exception) => !IsRefusal(exception);

    protected override bool IsOfStore(Exception exception) => exception is NpgsqlException;

    // The mark comes last: the record's lock is then held for the commit alone.
    private IEnumerable<NpgsqlBatchCommand> Writes()
    {
        foreach (var write in Enlisted)
        {
            yield return write;
        }

        if (Emitted.Count > 0)
        {
            if (outbox.LockKeys(Emitted) is { } locks)
            {
                yield return locks;
            }

            yield return outbox.Create(OutboxChunks.InKeyOrder(Emitted), Claim.Token);
        }

        yield return inbox.Completion(Claim, EmittedEvents.ToText(Emitted));
    }

    /// <summary>The SQLSTATE of an error that makes a transaction fail; later ones only say that it has failed.</summary>
    private static string? NameOf(Exception exception) =>
        exception is PostgresException { InvariantSeverity: "ERROR", SqlState: not PostgresErrorCodes.InFailedSqlTransaction } e ? e.SqlState : null;

    private static bool IsRefusal(Exception exception) =>
        exception is PostgresException { InvariantSeverity: "ERROR" } or TransactionEndedException or OutboxSequenceException;

    /// <summary>Whether a rule of the database did not hold.</summary>
    private static bool IsFailedCondition(PostgresException e) =>
        IsRefusal(e)
        && (e.SqlState.StartsWith("23", StringComparison.Ordinal)
            || e.SqlState is PostgresErrorCodes.WithCheckOptionViolation or PostgresErrorCodes.RaiseException);
}
