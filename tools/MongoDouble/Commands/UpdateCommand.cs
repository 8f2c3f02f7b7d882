using MongoDB.Bson;
using Relaybox.MongoDouble.Indexes;
using Relaybox.MongoDouble.Language;
using Relaybox.MongoDouble.Storage;

namespace Relaybox.MongoDouble.Commands;

internal static class UpdateCommand
{
    private static readonly HashSet<string> Fields = ["q", "u", "c", "multi", "upsert", "collation", "arrayFilters", "hint"];

    public static CommandDefinition[] All { get; } =
    [
        new(
            "update",
            CommandTraits.InTransaction | CommandTraits.Write | CommandTraits.Retryable,
            "updates ordered bypassDocumentValidation let",
            Run)
        {
            Action = "update",
        },
    ];

    private static BsonDocument Run(CommandContext context)
    {
        var name = context.CollectionName();
        Statement.Refuse(context, "let");
        var updates = context.RequiredArray("updates");
        WriteBatch.CheckCount(updates.Count);
        foreach (var update in updates)
        {
            Check(update);
            if (update.AsBsonDocument.GetValue("upsert", false).ToBoolean())
            {
                Users.Authorization.Require(context, "insert", name);
            }
        }

        var batch = new WriteBatch(context);
        var (matched, modified, upserted) = (0, 0, new BsonArray());
        batch.Run(
            updates.Count,
            i => Execute(context, name, updates[i].AsBsonDocument, Statement.Number(context, i)),
            (i, answer) =>
            {
                matched += answer["n"].AsInt32;
                modified += answer["nModified"].AsInt32;
                if (answer.TryGetValue("upserted", out var id))
                {
                    upserted.Add(new BsonDocument { { "index", i }, { "_id", id } });
                }
            });
        var result = new BsonDocument { { "n", matched } };
        if (upserted.Count > 0)
        {
            result["upserted"] = upserted;
        }

        result["nModified"] = modified;
        return batch.Answer(result);
    }

    private static void Check(BsonValue given)
    {
        if (given is not BsonDocument update)
        {
            throw ServerErrors.WrongType("update", "updates.0", given, "object");
        }

        if (update.Names.FirstOrDefault(field => !Fields.Contains(field)) is { } unknown)
        {
            throw ServerErrors.UnknownField("update.updates", unknown);
        }

        if (update.GetValue("q", BsonNull.Value) is not BsonDocument)
        {
            throw ServerErrors.Missing("update.updates", "q");
        }

        if (update.GetValue("u", BsonNull.Value) is not (BsonDocument or BsonArray))
        {
            throw ServerErrors.Missing("update.updates", "u");
        }
    }

    private static BsonDocument Execute(CommandContext context, string name, BsonDocument update, int statement)
    {
        Statement.CheckCollation(update, "update.updates");
        Statement.RefuseConstants(update);
        var multi = update.GetValue("multi", false).ToBoolean();
        if (multi && context.RetryNumber is not null)
        {
            throw ServerErrors.InvalidOptions("Cannot use retryable writes with multi=true");
        }

        var filterDocument = update["q"].AsBsonDocument;
        var filter = Filter.Parse(filterDocument);
        var program = UpdateProgram.Parse(update["u"], update.GetValue("arrayFilters", BsonNull.Value) as BsonArray);
        if (multi && program.IsReplacement)
        {
            throw ServerErrors.FailedToParse("multi update is not supported for replacement-style update");
        }

        var upsert = update.GetValue("upsert", false).ToBoolean();
        var hint = update.GetValue("hint", BsonNull.Value);
        if (multi)
        {
            return Many(context, name, filter, filterDocument, program, upsert, hint, statement);
        }

        return context.Write(statement, transaction =>
        {
            var collection = context.Store.Find(transaction, context.Database, name);
            var plan = QueryPlanner.Plan(collection, filter, filterDocument, null, hint, context.Evaluation);
            foreach (var (record, document) in plan.Run(transaction, context.Evaluation))
            {
                var (_, changed) = Statement.Update(context, transaction, collection!, record, document, program);
                return new BsonDocument { { "n", 1 }, { "nModified", changed ? 1 : 0 } };
            }

            return upsert ? Inserted(context, transaction, name, filterDocument, program) : new BsonDocument { { "n", 0 }, { "nModified", 0 } };
        });
    }

    private static BsonDocument Inserted(
        CommandContext context, StorageTransaction transaction, string name, BsonDocument filter, UpdateProgram program)
    {
        var document = Statement.Upsert(context, transaction, name, filter, program);
        return new BsonDocument { { "n", 1 }, { "nModified", 0 }, { "upserted", document["_id"] } };
    }

    // Outside of a transaction every document is a commit of its own, as on the server.
    private static BsonDocument Many(
        CommandContext context,
        string name,
        Filter filter,
        BsonDocument filterDocument,
        UpdateProgram program,
        bool upsert,
        BsonValue hint,
        int statement)
    {
        var reader = context.Reader();
        var collection = context.Store.Find(reader, context.Database, name);
        var plan = QueryPlanner.Plan(collection, filter, filterDocument, null, hint, context.Evaluation);
        var found = plan.Run(reader, context.Evaluation).Select(pair => pair.Record).ToArray();
        if (found.Length == 0 && upsert)
        {
            return context.Write(statement, transaction => Inserted(context, transaction, name, filterDocument, program));
        }

        var (matched, modified) = (0, 0);
        foreach (var record in found)
        {
            var answer = context.Write(statement, transaction =>
            {
                if (record.Visible(transaction) is not { } document || !filter.Matches(document, context.Evaluation))
                {
                    return new BsonDocument { { "n", 0 }, { "m", 0 } };
                }

                var (_, changed) = Statement.Update(context, transaction, collection!, record, document, program);
                return new BsonDocument { { "n", 1 }, { "m", changed ? 1 : 0 } };
            });
            matched += answer["n"].AsInt32;
            modified += answer["m"].AsInt32;
        }

        return new BsonDocument { { "n", matched }, { "nModified", modified } };
    }
}
