using MongoDB.Bson;
using Relaybox.MongoDouble.Indexes;
using Relaybox.MongoDouble.Language;
using Relaybox.MongoDouble.Streams;

namespace Relaybox.MongoDouble.Commands;

internal static class AggregateCommand
{
    public static CommandDefinition[] All { get; } =
    [
        new(
            "aggregate",
            CommandTraits.Read | CommandTraits.InTransaction,
            "pipeline cursor explain allowDiskUse bypassDocumentValidation collation hint let",
            Run),
    ];

    /// <summary>The part of a pipeline that a plan executes, and what is left for the stages.</summary>
    public static (QueryPlan Plan, BsonArray Remaining) Split(CommandContext context, string name, BsonArray stages, BsonValue hint)
    {
        var rest = new Queue<BsonValue>(stages);
        var filters = new BsonArray();
        while (rest.TryPeek(out var next) && StageOf(next) is ("$match", BsonDocument match))
        {
            filters.Add(match);
            rest.Dequeue();
        }

        var filter = filters.Count switch
        {
            0 => [],
            1 => filters[0].AsBsonDocument,
            _ => new BsonDocument("$and", filters),
        };
        var sort = rest.TryPeek(out var following) && StageOf(following) is ("$sort", BsonDocument wanted) ? wanted : null;
        var plan = ReadCommands.Plan(context, name, filter, sort, hint);
        if (sort is not null)
        {
            rest.Dequeue();
        }

        return (plan, [.. rest]);
    }

    private static BsonDocument Run(CommandContext context)
    {
        var stages = context.RequiredArray("pipeline");
        Statement.CheckCollation(context.Command, "aggregate");
        Statement.Refuse(context, "let");
        if (stages.Count > 0 && StageOf(stages[0]) is ("$changeStream", var specification))
        {
            return ChangeStreamCommand.Open(context, specification, new BsonArray(stages.Skip(1)));
        }

        if (context.Flag("explain"))
        {
            return ExplainCommand.Explain(context, context.Command, "queryPlanner");
        }

        var cursor = context.Document("cursor")
            ?? throw ServerErrors.FailedToParse("The 'cursor' option is required, except for aggregate with the explain argument");
        var name = Name(context, stages);
        Users.Authorization.Require(context, "find", name);
        if (stages.Count > 0 && StageOf(stages[0]) is ("$collStats", _))
        {
            return Open(context, name, CatalogCommands.CollectionStatistics(context, name), new BsonArray(stages.Skip(1)), cursor);
        }

        if (stages.Count > 0 && StageOf(stages[0]) is ("$indexStats", _))
        {
            return Open(context, name, CatalogCommands.IndexStatistics(context, name), new BsonArray(stages.Skip(1)), cursor);
        }

        var (plan, rest) = Split(context, name, stages, context.Command.GetValue("hint", BsonNull.Value));
        return Open(context, name, plan.Run(context.Reader(), context.Evaluation).Select(pair => pair.Document), rest, cursor);
    }

    private static BsonDocument Open(CommandContext context, string name, IEnumerable<BsonDocument> input, BsonArray stages, BsonDocument cursor)
    {
        var documents = Pipeline.Parse(stages).Run(ReadCommands.Bounded(context, input), context.Evaluation).ToList();
        long? batchSize = cursor.TryGetValue("batchSize", out var size) ? size.ToInt64() : null;
        return context.Server.Cursors.Open(context, name, new DocumentSource(documents), batchSize);
    }

    private static string Name(CommandContext context, BsonArray stages)
    {
        if (context.Command[0] is not { IsNumeric: true })
        {
            return context.CollectionName();
        }

        var first = stages.Count > 0 ? StageOf(stages[0]).Name : "";
        return first == "$documents"
            ? "$cmd.aggregate"
            : throw ServerErrors.InvalidNamespace($"{{aggregate: 1}} is not valid for '{first}'; a collection is required.");
    }

    private static (string Name, BsonValue Value) StageOf(BsonValue stage) =>
        stage is BsonDocument { ElementCount: 1 } document ? (document.GetElement(0).Name, document[0]) : ("", BsonNull.Value);
}
