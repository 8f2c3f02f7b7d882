using MongoDB.Bson;
using Relaybox.MongoDouble.Indexes;
using Relaybox.MongoDouble.Language;
using Relaybox.MongoDouble.Storage;

namespace Relaybox.MongoDouble.Commands;

internal static class FindAndModifyCommand
{
    private const CommandTraits Traits = CommandTraits.InTransaction | CommandTraits.Write | CommandTraits.Retryable;
    private const string Fields = "query sort remove update new fields upsert bypassDocumentValidation collation arrayFilters hint let";

    public static CommandDefinition[] All { get; } =
    [
        new("findAndModify", Traits, Fields, Run),
        new("findandmodify", Traits, Fields, Run),
    ];

    private static BsonDocument Run(CommandContext context)
    {
        var name = context.CollectionName();
        Statement.Refuse(context, "let");
        Statement.CheckCollation(context.Command, "findAndModify");
        var remove = context.Flag("remove");
        Authorize(context, name, remove);
        var update = context.Command.GetValue("update", BsonNull.Value);
        if (remove == update is not BsonNull)
        {
            throw ServerErrors.FailedToParse(
                remove ? "Cannot specify both an update and remove=true" : "Either an update or remove=true must be specified");
        }

        if (remove && (context.Flag("upsert") || context.Flag("new")))
        {
            throw ServerErrors.FailedToParse("Cannot specify both upsert=true and remove=true, nor both new=true and remove=true");
        }

        var filterDocument = context.Document("query") ?? [];
        var filter = Filter.Parse(filterDocument);
        var program = remove ? null : UpdateProgram.Parse(update, context.Array("arrayFilters"));
        var projection = context.Document("fields") is { ElementCount: > 0 } fields ? Projection.Parse(fields) : null;
        return context.Write(Statement.Number(context, 0), transaction =>
        {
            var answer = Execute(context, transaction, name, filter, filterDocument, program);
            if (projection is not null && answer["value"] is BsonDocument value)
            {
                answer["value"] = projection.Apply(value, context.Evaluation);
            }

            return answer;
        }).ShallowCopy();
    }

    private static BsonDocument ShallowCopy(this BsonDocument document) => new(document.Elements);

    private static void Authorize(CommandContext context, string name, bool remove)
    {
        Users.Authorization.Require(context, "find", name);
        Users.Authorization.Require(context, remove ? "remove" : "update", name);
        if (context.Flag("upsert"))
        {
            Users.Authorization.Require(context, "insert", name);
        }
    }

    private static BsonDocument Execute(
        CommandContext context, StorageTransaction transaction, string name, Filter filter, BsonDocument filterDocument, UpdateProgram? program)
    {
        var collection = context.Store.Find(transaction, context.Database, name);
        var plan = QueryPlanner.Plan(
            collection, filter, filterDocument, context.Document("sort"), context.Command.GetValue("hint", BsonNull.Value), context.Evaluation);
        var wantsNew = context.Flag("new");
        foreach (var (record, document) in plan.Run(transaction, context.Evaluation))
        {
            if (program is null)
            {
                context.Store.Write(transaction, collection!, record, document, null, ChangeKind.Delete);
                return new BsonDocument { { "lastErrorObject", new BsonDocument("n", 1) }, { "value", document } };
            }

            var (after, _) = Statement.Update(
                context, transaction, collection!, record, document, program);
            return new BsonDocument
            {
                { "lastErrorObject", new BsonDocument { { "n", 1 }, { "updatedExisting", true } } }, { "value", wantsNew ? after : document },
            };
        }

        if (program is not null && context.Flag("upsert"))
        {
            var inserted = Statement.Upsert(context, transaction, name, filterDocument, program);
            return new BsonDocument
            {
                { "lastErrorObject", new BsonDocument { { "n", 1 }, { "updatedExisting", false }, { "upserted", inserted["_id"] } } },
                { "value", wantsNew ? inserted : BsonNull.Value },
            };
        }

        var none = new BsonDocument("n", 0);
        if (program is not null)
        {
            none["updatedExisting"] = false;
        }

        return new BsonDocument { { "lastErrorObject", none }, { "value", BsonNull.Value } };
    }
}
