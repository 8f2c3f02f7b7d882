using MongoDB.Bson;
using Relaybox.MongoDouble.Sessions;
using Relaybox.MongoDouble.Storage;

namespace Relaybox.MongoDouble.Commands;

/// <summary>commitTransaction and abortTransaction.</summary>
internal static class TransactionCommands
{
    private const CommandTraits Traits = CommandTraits.EndsTransaction | CommandTraits.AdminOnly;

    public static CommandDefinition[] All { get; } =
    [
        new("commitTransaction", Traits, "recoveryToken", Commit),
        new("abortTransaction", Traits, "recoveryToken", Abort),
    ];

    private static BsonDocument Commit(CommandContext context)
    {
        var transaction = context.Transaction!;
        if (transaction.State == TransactionState.InProgress)
        {
            if (transaction.Storage is { } storage)
            {
                context.Store.Commit(storage, new SessionMark(context.Session!.Id, transaction.Number, -1, null));
            }

            transaction.State = TransactionState.Committed;
        }

        return [];
    }

    private static BsonDocument Abort(CommandContext context)
    {
        context.Server.Sessions.Abort(context.Session!);
        return [];
    }
}
