using MongoDB.Bson;
using Relaybox.MongoDouble.Indexes;
using Relaybox.MongoDouble.Language;
using Relaybox.MongoDouble.Storage;

namespace Relaybox.MongoDouble.Commands;

internal static class DeleteCommand
{
    private static readonly HashSet<string> Fields = ["q", "limit", "collation", "hint"];

    public static CommandDefinition[] All { get; } =
    [
        new("delete", CommandTraits.InTransaction | CommandTraits.Write | CommandTraits.Retryable, "deletes ordered let", Run) { Action = "remove" },
    ];

    private static BsonDocument Run(CommandContext context)
    {
        var name = context.CollectionName();
        Statement.Refuse(context, "let");
        var deletes = context.RequiredArray("deletes");
        WriteBatch.CheckCount(deletes.Count);
        foreach (var given in deletes)
        {
            Check(given);
        }

        var batch = new WriteBatch(context);
        var deleted = 0;
        batch.Run(
            deletes.Count,
            i => Execute(context, name, deletes[i].AsBsonDocument, Statement.Number(context, i)),
            (_, answer) => deleted += answer["n"].AsInt32);
        return batch.Answer(new BsonDocument("n", deleted));
    }

    private static void Check(BsonValue given)
    {
        if (given is not BsonDocument delete)
        {
            throw ServerErrors.WrongType("delete", "deletes.0", given, "object");
        }

        if (delete.Names.FirstOrDefault(field => !Fields.Contains(field)) is { } unknown)
        {
            throw ServerErrors.UnknownField("delete.deletes", unknown);
        }

        if (delete.GetValue("q", BsonNull.Value) is not BsonDocument)
        {
            throw ServerErrors.Missing("delete.deletes", "q");
        }

        if (delete.GetValue("limit", BsonNull.Value) is not { IsNumeric: true } limit)
        {
            throw ServerErrors.Missing("delete.deletes", "limit");
        }

        if (limit.ToDouble() is not (0 or 1))
        {
            throw ServerErrors.FailedToParse($"The limit field in delete objects must be 0 or 1. Got {limit}");
        }
    }

    private static BsonDocument Execute(CommandContext context, string name, BsonDocument delete, int statement)
    {
        Statement.CheckCollation(delete, "delete.deletes");
        var filterDocument = delete["q"].AsBsonDocument;
        var filter = Filter.Parse(filterDocument);
        var hint = delete.GetValue("hint", BsonNull.Value);
        if (delete["limit"].ToInt32() == 0)
        {
            return context.RetryNumber is null
                ? Many(context, name, filter, filterDocument, hint)
                : throw ServerErrors.InvalidOptions("Cannot use retryable writes with limit=0");
        }

        return context.Write(statement, transaction =>
        {
            var collection = context.Store.Find(transaction, context.Database, name);
            var plan = QueryPlanner.Plan(collection, filter, filterDocument, null, hint, context.Evaluation);
            foreach (var (record, document) in plan.Run(transaction, context.Evaluation))
            {
                context.Store.Write(transaction, collection!, record, document, null, ChangeKind.Delete);
                return new BsonDocument("n", 1);
            }

            return new BsonDocument("n", 0);
        });
    }

    private static BsonDocument Many(CommandContext context, string name, Filter filter, BsonDocument filterDocument, BsonValue hint)
    {
        var reader = context.Reader();
        var collection = context.Store.Find(reader, context.Database, name);
        var plan = QueryPlanner.Plan(collection, filter, filterDocument, null, hint, context.Evaluation);
        var deleted = 0;
        foreach (var record in plan.Run(reader, context.Evaluation).Select(pair => pair.Record).ToArray())
        {
            deleted += context.Write(0, transaction =>
            {
                if (record.Visible(transaction) is not { } document || !filter.Matches(document, context.Evaluation))
                {
                    return new BsonDocument("n", 0);
                }

                context.Store.Write(transaction, collection!, record, document, null, ChangeKind.Delete);
                return new BsonDocument("n", 1);
            })["n"].AsInt32;
        }

        return new BsonDocument("n", deleted);
    }
}
