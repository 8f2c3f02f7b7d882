using MongoDB.Bson;

namespace Relaybox.MongoDouble.Indexes;

/// <summary>A plan as explain shows it: stages, each with its input.</summary>
internal static class PlanStages
{
    /// <param name="limit">How many documents are wanted; 0: all.</param>
    /// <param name="command">The command's name.</param>
    /// <param name="statistics">What its execution has looked at; null: it was not executed.</param>
    public static BsonDocument Describe(QueryPlan plan, long limit, string command, ScanStatistics? statistics)
    {
        var stage = Source(plan, statistics);
        if (plan.Sort is not null && !plan.ProvidesSort)
        {
            stage = new BsonDocument { { "stage", "SORT" }, { "sortPattern", plan.Sort }, { "type", "simple" }, { "inputStage", stage } };
        }

        return command switch
        {
            "find" or "aggregate" when limit > 0 => new BsonDocument { { "stage", "LIMIT" }, { "limitAmount", limit }, { "inputStage", stage } },
            "update" or "findAndModify" or "findandmodify" => new BsonDocument { { "stage", "UPDATE" }, { "inputStage", stage } },
            "delete" => new BsonDocument { { "stage", "DELETE" }, { "inputStage", stage } },
            "count" => new BsonDocument { { "stage", "COUNT" }, { "inputStage", stage } },
            _ => stage,
        };
    }

    private static BsonDocument Source(QueryPlan plan, ScanStatistics? statistics)
    {
        if (plan.Collection is null)
        {
            return new BsonDocument("stage", "EOF");
        }

        if (plan.Index is null)
        {
            var scan = new BsonDocument { { "stage", "COLLSCAN" } };
            if (plan.FilterDocument.ElementCount > 0)
            {
                scan["filter"] = plan.FilterDocument;
            }

            scan["direction"] = plan.Backwards ? "backward" : "forward";
            if (statistics is not null)
            {
                scan["nReturned"] = statistics.Returned;
                scan["docsExamined"] = statistics.Documents;
            }

            return scan;
        }

        var definition = plan.Index.Definition;
        var keys = new BsonDocument
        {
            { "stage", "IXSCAN" },
            { "keyPattern", definition.Key },
            { "indexName", definition.Name },
            { "isMultiKey", plan.Index.IsMultikey },
            { "isUnique", definition.IsUnique },
            { "isSparse", definition.IsSparse },
            { "isPartial", definition.Filter is not null },
            { "indexVersion", 2 },
            { "direction", plan.Backwards ? "backward" : "forward" },
            { "indexBounds", Bounds(plan) },
        };
        var fetch = new BsonDocument { { "stage", "FETCH" } };
        if (statistics is not null)
        {
            keys["keysExamined"] = statistics.Keys;
            fetch["nReturned"] = statistics.Returned;
            fetch["docsExamined"] = statistics.Documents;
        }

        fetch["inputStage"] = keys;
        return fetch;
    }

    private static BsonDocument Bounds(QueryPlan plan)
    {
        var bounds = new BsonDocument();
        for (var i = 0; i < plan.Index!.Definition.Fields.Length; i++)
        {
            bounds[plan.Index.Definition.Fields[i]] = new BsonArray(plan.Ranges.Select(range => Interval(range, i)).Distinct());
        }

        return bounds;
    }

    private static string Interval(KeyRange range, int field)
    {
        var (lower, upper) = (range.Lower.ElementAtOrDefault(field), range.Upper.ElementAtOrDefault(field));
        var opens = lower is not null && field == range.Lower.Length - 1 && range.LowerSide > 0 ? "(" : "[";
        var closes = upper is not null && field == range.Upper.Length - 1 && range.UpperSide < 0 ? ")" : "]";
        var (from, to) = (lower is null ? "MinKey" : ServerErrors.Show(lower), upper is null ? "MaxKey" : ServerErrors.Show(upper));
        return $"{opens}{from}, {to}{closes}";
    }
}
