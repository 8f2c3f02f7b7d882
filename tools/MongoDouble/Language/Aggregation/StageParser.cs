using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Expressions;
using Relaybox.MongoDouble.Language.Projections;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Aggregation;

internal static class StageParser
{
    private static readonly Dictionary<string, Func<BsonValue, Stage>> Parsers = new()
    {
        ["$match"] = Match,
        ["$project"] = operand => Each(Projection.OfStage(operand).Apply),
        ["$addFields"] = operand => Each(ComputedFields.Parse("$addFields", operand).Apply),
        ["$set"] = operand => Each(ComputedFields.Parse("$set", operand).Apply),
        ["$unset"] = Unset,
        ["$sort"] = Sort,
        ["$limit"] = Limit,
        ["$skip"] = Skip,
        ["$count"] = Count,
        ["$group"] = operand => GroupStage.Parse(operand).Run,
        ["$sortByCount"] = SortByCount,
        ["$unwind"] = operand => UnwindStage.Parse(operand).Run,
        ["$replaceRoot"] = ReplaceRoot,
        ["$replaceWith"] = operand => Replace(operand, "$replaceWith"),
        ["$facet"] = Facet,
        ["$documents"] = Documents,
        ["$setWindowFields"] = operand => WindowStage.Parse(operand).Run,
    };

    private static readonly string[] NotInDouble =
    [
        "$bucket", "$bucketAuto", "$changeStream", "$collStats", "$currentOp", "$densify", "$fill", "$geoNear", "$graphLookup", "$indexStats",
        "$listLocalSessions", "$listSessions", "$lookup", "$merge", "$out", "$planCacheStats", "$redact", "$sample", "$unionWith",
    ];

    public static bool Knows(string name) => Parsers.ContainsKey(name) || NotInDouble.Contains(name);

    public static Stage Parse(string name, BsonValue operand)
    {
        if (Parsers.TryGetValue(name, out var parser))
        {
            return parser(operand);
        }
        throw NotInDouble.Contains(name)
            ? Errors.NotInDouble($"the stage {name} here")
            : Errors.Location(40324, $"Unrecognized pipeline stage name: '{name}'");
    }

    private static Stage Each(Func<BsonDocument, Evaluation, BsonDocument> map) =>
        (documents, evaluation) => documents.Select(document => map(document, evaluation));

    private static Stage Match(BsonValue operand)
    {
        if (operand is not BsonDocument document)
        {
            throw Errors.Location(15959, "the match filter must be an expression in an object");
        }
        var filter = Filter.Parse(document);
        return (documents, evaluation) => documents.Where(document => filter.Matches(document, evaluation));
    }

    private static Stage Unset(BsonValue operand)
    {
        var paths = operand as BsonArray ?? [operand];
        if (operand is not (BsonString or BsonArray))
        {
            throw Errors.Location(31002, "$unset specification must be a string or an array");
        }
        if (paths.Count == 0)
        {
            throw Errors.Location(31119, "$unset specification must be a string or an array with at least one field");
        }
        return paths.All(path => path is BsonString)
            ? Each(Projection.Without(paths.Select(path => path.AsString)).Apply)
            : throw Errors.Location(31120, "$unset specification must be a string or an array containing only string values");
    }

    private static Stage Sort(BsonValue operand)
    {
        if (operand is not BsonDocument document)
        {
            throw Errors.Location(15973, "the $sort key specification must be an object");
        }
        if (document.ElementCount == 0)
        {
            throw Errors.Location(15976, "$sort stage must have at least one sort key");
        }
        var order = SortOrder.Parse(document);
        return (documents, _) => documents.Order(order);
    }

    private static Stage Limit(BsonValue operand)
    {
        var limit = Whole("$limit", 2107201, operand);
        return limit > 0
            ? (documents, _) => documents.Take((int)Math.Min(limit, int.MaxValue))
            : throw Errors.Location(15958, "the limit must be positive");
    }

    private static Stage Skip(BsonValue operand)
    {
        var skip = Whole("$skip", 5107200, operand);
        return (documents, _) => documents.Skip((int)Math.Min(skip, int.MaxValue));
    }

    private static long Whole(string stage, int code, BsonValue operand)
    {
        if (!BsonTypes.IsNumber(operand))
        {
            throw Errors.Location(code, $"invalid argument to {stage} stage: Expected a number in: {stage}: {Text.Of(operand)}");
        }
        if (!Numbers.TryWhole(operand, out var whole))
        {
            throw Errors.Location(code, $"invalid argument to {stage} stage: Expected an integer: {stage}: {Text.Of(operand)}");
        }
        return whole >= 0
            ? whole
            : throw Errors.Location(code, $"invalid argument to {stage} stage: Expected a non-negative number in: {stage}: {Text.Of(operand)}");
    }

    private static Stage Count(BsonValue operand)
    {
        var name = operand is BsonString { Value.Length: > 0 } text ? text.Value : throw Errors.Location(
            40156, "the count field must be a non-empty string");
        if (name.StartsWith('$'))
        {
            throw Errors.Location(40158, "the count field cannot be a $-prefixed path");
        }
        if (name.Contains('.', StringComparison.Ordinal))
        {
            throw Errors.Location(40160, "the count field cannot contain '.'");
        }
        return (documents, _) => Counted(documents, name);
    }

    /// <summary>No documents are counted to no document rather than to zero.</summary>
    private static IEnumerable<BsonDocument> Counted(IEnumerable<BsonDocument> documents, string name)
    {
        var count = documents.LongCount();
        if (count > 0)
        {
            yield return new(name, Numbers.Narrowest(count));
        }
    }

    private static Stage SortByCount(BsonValue operand)
    {
        if (operand is not (BsonString { Value: ['$', ..] } or BsonDocument))
        {
            throw Errors.Location(40149, "the sortByCount field must be defined as a $-prefixed path or an expression inside an object");
        }
        if (operand is BsonDocument && !ExpressionParser.IsOperator(operand))
        {
            throw Errors.Location(40147, "the sortByCount field must be defined as a $-prefixed path or an expression inside an object");
        }
        var group = GroupStage.Parse(new BsonDocument { { "_id", operand }, { "count", new BsonDocument("$sum", 1) } });
        var order = SortOrder.Parse(new("count", -1));
        return (documents, evaluation) => group.Run(documents, evaluation).Order(order);
    }

    private static Stage ReplaceRoot(BsonValue operand)
    {
        if (operand is not BsonDocument document)
        {
            throw Errors.Location(40229, $"expected an object as specification for $replaceRoot stage, got {BsonTypes.Name(operand)}");
        }
        if (document.Names.FirstOrDefault(name => name != "newRoot") is { } unknown)
        {
            throw Errors.Location(40415, $"BSON field '$replaceRoot.{unknown}' is an unknown field.");
        }
        return document.TryGetValue("newRoot", out var root)
            ? Replace(root, "'newRoot'")
            : throw Errors.Location(40414, "BSON field '$replaceRoot.newRoot' is missing but a required field");
    }

    private static Stage Replace(BsonValue operand, string what)
    {
        var root = Expression.Parse(operand);
        return Each((document, evaluation) => root.Evaluate(document, evaluation) switch
        {
            BsonDocument replacement => replacement,
            var other => throw Errors.Location(
                40228, $"{what} expression must evaluate to an object, but resulting value was: {Text.Of(other)}. "
                + $"Type of resulting value: '{BsonTypes.Name(other)}'. Input document: {Text.Of(document)}"),
        });
    }

    private static Stage Facet(BsonValue operand)
    {
        if (operand is not BsonDocument { ElementCount: > 0 } document)
        {
            throw Errors.Location(40169, $"the $facet specification must be a non-empty object, but found: {Text.Of(operand)}");
        }
        var facets = document.Select(facet => (facet.Name, Pipeline: Pipeline.Parse(
            facet.Value as BsonArray ?? throw Errors.Location(
                40170, $"arguments to $facet must be arrays, {facet.Name} is type {BsonTypes.Name(facet.Value)}"))))
            .ToList();
        return (documents, evaluation) =>
        {
            var all = documents.ToList();
            return [new BsonDocument(facets.Select(facet => new BsonElement(facet.Name, new BsonArray(facet.Pipeline.Run(all, evaluation)))))];
        };
    }

    private static Stage Documents(BsonValue operand)
    {
        var expression = Expression.Parse(operand);
        return (_, evaluation) => expression.Evaluate([], evaluation) is BsonArray array && array.All(item => item is BsonDocument)
            ? array.Cast<BsonDocument>()
            : throw Errors.Location(5858203, "an array is expected");
    }
}
