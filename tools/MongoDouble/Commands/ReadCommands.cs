using MongoDB.Bson;
using Relaybox.MongoDouble.Indexes;
using Relaybox.MongoDouble.Language;

namespace Relaybox.MongoDouble.Commands;

/// <summary>find, count and distinct.</summary>
internal static class ReadCommands
{
    private const CommandTraits Traits = CommandTraits.Read | CommandTraits.InTransaction;

    public static CommandDefinition[] All { get; } =
    [
        new(
            "find",
            Traits,
            "filter sort projection hint skip limit batchSize singleBatch max min returnKey showRecordId tailable awaitData oplogReplay "
            + "noCursorTimeout allowPartialResults collation allowDiskUse let",
            Find)
        {
            Action = "find",
        },
        new("count", CommandTraits.Read, "query limit skip hint collation fields", Count) { Action = "find" },
        new("distinct", Traits, "key query collation hint", Distinct) { Action = "find" },
    ];

    /// <summary>How a find, or a part of another command that is like one, is executed.</summary>
    public static QueryPlan Plan(CommandContext context, string name, BsonDocument filterDocument, BsonDocument? sort, BsonValue hint)
    {
        var filter = Filter.Parse(filterDocument);
        var collection = context.Store.Find(context.Reader(), context.Database, name);
        return QueryPlanner.Plan(collection, filter, filterDocument, sort, hint, context.Evaluation);
    }

    private static BsonDocument Find(CommandContext context)
    {
        var name = context.CollectionName();
        Statement.Refuse(context, "max", "min", "returnKey", "showRecordId", "tailable", "awaitData", "let");
        Statement.CheckCollation(context.Command, "find");
        var limit = context.NonNegative("limit") ?? 0;
        var skip = context.NonNegative("skip") ?? 0;
        var batchSize = context.NonNegative("batchSize");
        var projection = context.Document("projection") is { ElementCount: > 0 } fields ? Projection.Parse(fields) : null;
        var plan = Plan(context, name, context.Document("filter") ?? [], context.Document("sort"), context.Command.GetValue("hint", BsonNull.Value));
        var found = plan.Run(context.Reader(), context.Evaluation).Select(pair => pair.Document);
        if (skip > 0)
        {
            found = found.Skip((int)Math.Min(skip, int.MaxValue));
        }

        if (limit > 0)
        {
            found = found.Take((int)Math.Min(limit, int.MaxValue));
        }

        if (projection is not null)
        {
            found = found.Select(document => projection.Apply(document, context.Evaluation));
        }

        return context.Server.Cursors.Open(context, name, new DocumentSource([.. Bounded(context, found)]), batchSize, context.Flag("singleBatch"));
    }

    /// <summary>Looks at <c>maxTimeMS</c> now and then.</summary>
    public static IEnumerable<BsonDocument> Bounded(CommandContext context, IEnumerable<BsonDocument> documents)
    {
        var count = 0;
        foreach (var document in documents)
        {
            if (++count % 100 == 0)
            {
                context.Deadline.Check();
            }

            yield return document;
        }
    }

    private static BsonDocument Count(CommandContext context)
    {
        var name = context.CollectionName();
        Statement.CheckCollation(context.Command, "count");
        var query = context.Document("query") ?? [];
        var skip = context.NonNegative("skip") ?? 0;
        var limit = Math.Abs(context.Number("limit") ?? 0);
        var plan = Plan(context, name, query, null, context.Command.GetValue("hint", BsonNull.Value));
        var count = query.ElementCount == 0 && context.Transaction is null
            ? plan.Collection?.Count ?? 0
            : plan.Run(context.Reader(), context.Evaluation).LongCount();
        count = Math.Max(0, count - skip);
        return new BsonDocument("n", (int)(limit > 0 ? Math.Min(limit, count) : count));
    }

    private static BsonDocument Distinct(CommandContext context)
    {
        var name = context.CollectionName();
        Statement.CheckCollation(context.Command, "distinct");
        var key = context.Text("key") ?? throw ServerErrors.Missing("distinct", "key");
        var plan = Plan(context, name, context.Document("query") ?? [], null, context.Command.GetValue("hint", BsonNull.Value));
        var values = new SortedSet<BsonValue>(ValueOrder.Instance!);
        foreach (var (_, document) in plan.Run(context.Reader(), context.Evaluation))
        {
            values.UnionWith(KeyExtractor.Values(document, key));
        }

        return new BsonDocument("values", new BsonArray(values));
    }
}
