using MongoDB.Bson;
using Relaybox.MongoDouble.Commands;
using Relaybox.MongoDouble.Storage;

namespace Relaybox.MongoDouble.Sessions;

/// <summary>Puts a command into its session: a transaction's operation, a retryable write, or neither.</summary>
internal sealed class TransactionRules(DoubleServer server)
{
    public BsonDocument Execute(CommandContext context, CommandDefinition definition)
    {
        var command = context.Command;
        if (!command.TryGetValue("lsid", out var lsid))
        {
            return command.Contains("txnNumber") || command.Contains("autocommit") || command.Contains("startTransaction")
                ? throw ServerErrors.InvalidOptions("Transaction number requires a session ID to also be specified")
                : definition.Run(context);
        }

        var session = server.Sessions.Get(lsid);
        context.Session = session;
        if (!command.TryGetValue("txnNumber", out var given))
        {
            return command.Contains("autocommit") || definition.Has(CommandTraits.EndsTransaction)
                ? throw ServerErrors.InvalidOptions("'autocommit' field requires a transaction number to also be specified")
                : definition.Run(context);
        }

        if (given is not BsonInt64 { Value: >= 0 and var number })
        {
            throw ServerErrors.TypeMismatch("BSON field 'OperationSessionInfo.txnNumber' is the wrong type, expected type 'long'");
        }

        if (!server.ReplicaSet.IsEnabled)
        {
            throw ServerErrors.IllegalOperation("Transaction numbers are only allowed on a replica set member or mongos");
        }

        // One command of a session at a time: a retry waits for the first attempt, and then finds its answer.
        server.Store.WaitUntil(() => !session.IsBusy, context.Deadline);
        session.IsBusy = true;
        try
        {
            return command.Contains("autocommit")
                ? InTransaction(context, definition, session, number)
                : Retryable(context, definition, session, number);
        }
        finally
        {
            session.IsBusy = false;
            Monitor.PulseAll(server.Store.Gate);
        }
    }

    private BsonDocument Retryable(CommandContext context, CommandDefinition definition, Session session, long number)
    {
        if (!definition.Has(CommandTraits.Retryable))
        {
            throw new ServerException(
                50768,
                "NotARetryableWriteCommand",
                "txnNumber may only be provided for multi-document transactions and retryable write commands. autocommit:false was not "
                + $"provided, and {definition.Name} is not a retryable write command.");
        }

        server.Sessions.Advance(session, number, isTransaction: false);
        if (session.Transaction is not null)
        {
            throw new ServerException(
                256, "IncompleteTransactionHistory", $"Cannot use retryable write number {number}: it is the number of a transaction");
        }

        context.RetryNumber = number;
        return definition.Run(context);
    }

    private BsonDocument InTransaction(CommandContext context, CommandDefinition definition, Session session, long number)
    {
        var command = context.Command;
        if (command["autocommit"] != BsonBoolean.False)
        {
            throw ServerErrors.InvalidOptions("The field 'autocommit' must be false where it is given");
        }

        var starts = command.GetValue("startTransaction", false).ToBoolean();
        var ends = definition.Has(CommandTraits.EndsTransaction);
        if (!ends && !definition.Has(CommandTraits.InTransaction))
        {
            var hint = definition.Name == "count"
                ? " Please use the aggregation framework with a '$count' stage instead, or the driver's countDocuments."
                : "";
            throw new ServerException(
                263, "OperationNotSupportedInTransaction", $"Cannot run '{definition.Name}' in a multi-document transaction.{hint}");
        }

        if (!ends && command.Contains("writeConcern"))
        {
            throw ServerErrors.InvalidOptions("writeConcern is not allowed within a multi-statement transaction");
        }

        var transaction = starts ? Begin(session, number) : Continue(session, number, definition);
        context.Transaction = transaction;
        if (ends)
        {
            return definition.Run(context);
        }

        try
        {
            return definition.Run(context);
        }
        catch (WriteConflictException)
        {
            server.Sessions.Abort(session);
            throw ServerErrors.WriteConflict();
        }
        catch
        {
            server.Sessions.Abort(session);
            throw;
        }
    }

    private ClientTransaction Begin(Session session, long number)
    {
        if (number == session.LastNumber)
        {
            throw new ServerException(
                50911, "Location50911", "Only servers in a sharded cluster can start a new transaction at the active transaction number");
        }

        server.Sessions.Advance(session, number, isTransaction: true);
        session.Transaction = new ClientTransaction(number, server.Clock.GetTimestamp());
        return session.Transaction;
    }

    private static ClientTransaction Continue(Session session, long number, CommandDefinition definition)
    {
        if (number < session.LastNumber)
        {
            throw new ServerException(
                225,
                "TransactionTooOld",
                $"Cannot continue transaction with {{ txnNumber: {number} }} because a newer transaction with txnNumber {session.LastNumber} "
                + "has already started on this session.");
        }

        if (number > session.LastNumber || session.Transaction is not { } transaction)
        {
            throw ServerErrors.NoSuchTransaction(
                $"Given transaction number {number} does not match any in-progress transactions. The active transaction number is "
                + $"{session.LastNumber}");
        }

        return (transaction.State, definition.Name) switch
        {
            (TransactionState.InProgress, _) or (TransactionState.Committed, "commitTransaction") => transaction,
            (TransactionState.Committed, _) => throw new ServerException(
                256, "TransactionCommitted", $"Transaction with {{ txnNumber: {number} }} has been committed."),
            _ => throw ServerErrors.NoSuchTransaction($"Transaction with {{ txnNumber: {number} }} has been aborted."),
        };
    }
}
