using MongoDB.Bson;
using Relaybox.MongoDouble.Indexes;

namespace Relaybox.MongoDouble.Commands;

/// <summary>explain of find, aggregate, update, delete, count, distinct and findAndModify.</summary>
internal static class ExplainCommand
{
    public static CommandDefinition[] All { get; } =
    [
        new("explain", CommandTraits.Read, "verbosity", context => Explain(
            context,
            context.Command[0] as BsonDocument ?? throw ServerErrors.WrongType("explain", "explain", context.Command[0], "object"),
            context.Text("verbosity") ?? "allPlansExecution")),
    ];

    public static BsonDocument Explain(CommandContext context, BsonDocument command, string verbosity)
    {
        if (verbosity is not ("queryPlanner" or "executionStats" or "allPlansExecution"))
        {
            throw ServerErrors.FailedToParse("verbosity string must be one of {'queryPlanner', 'executionStats', 'allPlansExecution'}");
        }

        var name = context.CollectionName(command[0]);
        Users.Authorization.Require(context, "find", name);
        var hint = command.GetValue("hint", BsonNull.Value);
        BsonDocument Part(BsonDocument source, string field) => source.GetValue(field, BsonNull.Value) as BsonDocument ?? [];
        BsonDocument First(string field) => command[field][0].AsBsonDocument;
        var kind = command.GetElement(0).Name;
        var (plan, limit) = kind switch
        {
            "find" => (
                ReadCommands.Plan(context, name, Part(command, "filter"), Part(command, "sort"), hint),
                command.GetValue("limit", 0).ToInt64() + (command.GetValue("limit", 0).ToInt64() > 0 ? command.GetValue("skip", 0).ToInt64() : 0)),
            "aggregate" => OfPipeline(context, name, command["pipeline"].AsBsonArray, hint),
            "count" or "distinct" => (ReadCommands.Plan(context, name, Part(command, "query"), null, hint), 0),
            "update" => (
                ReadCommands.Plan(context, name, Part(First("updates"), "q"), null, First("updates").GetValue("hint", BsonNull.Value)),
                First("updates").GetValue("multi", false).ToBoolean() ? 0 : 1),
            "delete" => (
                ReadCommands.Plan(context, name, Part(First("deletes"), "q"), null, First("deletes").GetValue("hint", BsonNull.Value)),
                First("deletes")["limit"].ToInt64()),
            "findAndModify" or "findandmodify" => (ReadCommands.Plan(context, name, Part(command, "query"), Part(command, "sort"), hint), 1),
            _ => throw new ServerException(59, "CommandNotFound", $"Explain failed due to unknown command: {kind}"),
        };
        return Describe(context, plan, limit, kind, verbosity);
    }

    private static (QueryPlan Plan, long Limit) OfPipeline(CommandContext context, string name, BsonArray stages, BsonValue hint)
    {
        var (plan, rest) = AggregateCommand.Split(context, name, stages, hint);
        var limit = rest.Count > 0 && rest[0] is BsonDocument stage && stage.TryGetValue("$limit", out var number) ? number.ToInt64() : 0;
        return (plan, limit);
    }

    private static BsonDocument Describe(CommandContext context, QueryPlan plan, long limit, string kind, string verbosity)
    {
        var answer = new BsonDocument
        {
            {
                "queryPlanner",
                new BsonDocument
                {
                    { "namespace", plan.Collection?.Namespace ?? "" },
                    { "indexFilterSet", false },
                    { "parsedQuery", plan.FilterDocument },
                    { "winningPlan", PlanStages.Describe(plan, limit, kind, null) },
                    { "rejectedPlans", new BsonArray() },
                }
            },
        };
        if (verbosity != "queryPlanner")
        {
            var statistics = new ScanStatistics();
            var found = plan.Run(context.Reader(), context.Evaluation, statistics);
            var returned = limit > 0 ? found.Take((int)Math.Min(limit, int.MaxValue)).LongCount() : found.LongCount();
            answer["executionStats"] = new BsonDocument
            {
                { "executionSuccess", true },
                { "nReturned", kind is "update" or "delete" or "count" ? 0L : returned },
                { "executionTimeMillis", 0 },
                { "totalKeysExamined", statistics.Keys },
                { "totalDocsExamined", statistics.Documents },
                { "executionStages", PlanStages.Describe(plan, limit, kind, statistics) },
            };
        }

        answer["serverInfo"] = new BsonDocument { { "host", context.Server.ReplicaSet.Address }, { "version", DoubleServer.Version } };
        return answer;
    }
}
