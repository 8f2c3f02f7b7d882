using MySqlConnector;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Outbox;
using Relaybox.Sql;
using Relaybox.Timing;

namespace Relaybox.MySql;

/// <summary>A handler's transaction in MySQL or MariaDB.</summary>
internal sealed class MySqlInboxTransaction(
    MySqlConnections connections,
    MySqlInboxRepository inbox,
    OutboxInsert outbox,
    InboxClaim.Claimed claim,
    TimeProvider time,
    IEntropy entropy) : SqlInboxTransaction<MySqlBatchCommand, HandlerTransaction>(inbox, claim, NameOf, time)
{
    private const int MaxTries = 5;

    private readonly RetryLoop _repeats = new(
        MaxTries, new Backoff(TimeSpan.FromMilliseconds(10), TimeSpan.FromMilliseconds(500), entropy), IsRolledBack, time);

    internal async ValueTask<MySqlTransaction> GetTransactionAsync(CancellationToken cancellationToken) =>
        (await OpenAsync(cancellationToken)).Transaction;

    protected override void Require(OutboxEvent outboxEvent) => RowContract.Require(outboxEvent);

    protected override Task<HandlerTransaction> BeginAsync(CancellationToken cancellationToken) =>
        HandlerTransaction.BeginAsync(connections, Claim.Token, cancellationToken);

    protected override async Task<bool> WriteAsync(CancellationToken cancellationToken)
    {
        try
        {
            // Where the server has rolled the transaction back, such as one of two that waited for each other, it is executed again,
            // unless there is something of the handler's in it.
            return Session is { } session
                ? await session.CommitAsync(Writes(), Mark(), cancellationToken)
                : await _repeats.RunAsync(
                    (_, ct) => HandlerTransaction.CommitAtOnceAsync(connections, Claim.Token, Writes(), Mark(), ct),
                    cancellationToken);
        }
        catch (MySqlException e) when (OutboxRefusal.IsOfNumbers(e))
        {
            // No condition of the handler's: nothing can be emitted until somebody has put the numbers right.
            throw outbox.Refusal.WithoutNumbers(e);
        }
    }

    protected override CommitRefusal? ToRefusal(Exception exception) => exception switch
    {
        MySqlException e when MySqlFaults.IsFailedCondition(e) => new CommitRefusal(CommitOutcome.EnlistedConditionFailed, MySqlFaults.Name(e)),
        TransactionEndedException when Session is { IsEnded: false } && LastFailure is { } failure =>
            new CommitRefusal(CommitOutcome.StatementFailed, failure),
        TransactionEndedException when Session is not { IsBroken: true } => new CommitRefusal(CommitOutcome.TransactionEnded, null),
        _ => null,
    };

    protected override bool LeavesOutcomeOpen(Exception exception) =>
        exception is not (TransactionEndedException or OutboxNumbersException or RowContractException) && !IsRolledBack(exception);

    protected override bool IsOfStore(Exception exception) => exception is MySqlException;

    private HandlerWrites Writes() => new(Enlisted, Emitted, outbox);

    private MySqlBatchCommand Mark() => inbox.Completion(Claim, EmittedEvents.ToText(Emitted));

    private static bool IsRolledBack(Exception exception) => exception is MySqlException e && MySqlFaults.EndsTransaction(e);

    private static string? NameOf(Exception exception) =>
        exception is MySqlException e && MySqlFaults.EndsTransaction(e) ? MySqlFaults.Name(e) : null;
}
