using MongoDB.Bson;

namespace Relaybox.MongoDouble.Commands;

internal static class InsertCommand
{
    public const int MaxBatch = 100_000;

    public static CommandDefinition[] All { get; } =
    [
        new(
            "insert", CommandTraits.InTransaction | CommandTraits.Write | CommandTraits.Retryable, "documents ordered bypassDocumentValidation", Run)
        {
            Action = "insert",
        },
    ];

    private static BsonDocument Run(CommandContext context)
    {
        var name = context.CollectionName();
        var documents = context.RequiredArray("documents");
        WriteBatch.CheckCount(documents.Count);
        var batch = new WriteBatch(context);
        var inserted = 0;
        batch.Run(
            documents.Count,
            i =>
            {
                var document = Statement.Prepared(context, documents[i].AsBsonDocument);
                return context.Write(Statement.Number(context, i), transaction =>
                {
                    var collection = context.Store.Ensure(transaction, context.Database, name);
                    Statement.Validate(context, collection, null, document);
                    context.Store.Insert(transaction, collection, document);
                    return new BsonDocument("n", 1);
                });
            },
            (_, answer) => inserted += answer["n"].AsInt32);
        return batch.Answer(new BsonDocument("n", inserted));
    }
}
