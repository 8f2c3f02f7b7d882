using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Filters;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Updates;

/// <summary>The operators that add elements to arrays and take them away.</summary>
internal static class ArrayModifiers
{
    public static Modifier Push(string path, BsonValue operand)
    {
        var push = PushClauses.Parse(operand);
        return new((current, context) => push.Apply(ArrayOf(current, context)));
    }

    public static Modifier AddToSet(string path, BsonValue operand)
    {
        var values = new BsonArray { operand };
        if (operand is BsonDocument { ElementCount: > 0 } document && document.GetElement(0).Name == "$each")
        {
            if (document.ElementCount > 1)
            {
                throw Errors.BadValue($"Found unexpected fields after $each in $addToSet: {Text.Of(document)}");
            }
            values = document.GetElement(0).Value as BsonArray ?? throw Errors.TypeMismatch(
                $"The argument to $each in $addToSet must be an array but it was of type {BsonTypes.Name(document.GetElement(0).Value)}");
        }
        return new((current, context) =>
        {
            if (current is not (null or BsonArray))
            {
                throw Errors.BadValue(
                    $"Cannot apply $addToSet to non-array field. Field named '{context.LastName}' has non-array type {BsonTypes.Name(current)}");
            }
            var array = new BsonArray(current as BsonArray ?? []);
            foreach (var value in values)
            {
                if (!array.Contains(value, ValueOrder.Instance))
                {
                    array.Add(value.DeepClone());
                }
            }
            return array;
        });
    }

    public static Modifier Pull(string path, BsonValue operand)
    {
        Func<BsonValue, Evaluation, bool> takes;
        switch (operand)
        {
            case BsonDocument operators
                when FilterParser.HoldsOperators(operators) && operators.GetElement(0).Name is not ("$and" or "$or" or "$nor"):
                var ofValue = FilterParser.Operators("", operators);
                takes = ofValue.MatchesValue;
                break;
            case BsonDocument filter:
                var ofDocument = FilterParser.Parse(filter);
                takes = (item, evaluation) => item is BsonDocument document && ofDocument.Matches(document, evaluation);
                break;
            case BsonRegularExpression regex:
                var predicate = OperatorParsers.Regex(Regexes.Compile(regex), regex);
                takes = predicate.Holds;
                break;
            default:
                takes = (item, _) => ValueOrder.Instance.Equals(item, operand);
                break;
        }
        return Without("$pull", takes);
    }

    public static Modifier PullAll(string path, BsonValue operand)
    {
        if (operand is not BsonArray values)
        {
            throw Errors.BadValue($"$pullAll requires an array argument but was given a {BsonTypes.Name(operand)}");
        }
        var all = new HashSet<BsonValue?>(values, ValueOrder.Instance);
        return Without("$pullAll", (item, _) => all.Contains(item));
    }

    public static Modifier Pop(string path, BsonValue operand)
    {
        if (!BsonTypes.IsNumber(operand))
        {
            throw Errors.FailedToParse($"Expected a number in: {path}: {Text.Of(operand)}");
        }
        if (!Numbers.TryWhole(operand, out var side) || side is not (1 or -1))
        {
            throw Errors.FailedToParse($"$pop expects 1 or -1, found: {Text.Of(operand)}");
        }
        return new((current, context) => current switch
        {
            BsonArray { Count: 0 } => current,
            BsonArray array => new BsonArray(side > 0 ? array.SkipLast(1) : array.Skip(1)),
            _ => throw Errors.TypeMismatch($"Path '{context.Path}' contains an element of non-array type '{BsonTypes.Name(current)}'"),
        })
        {
            Creates = false,
        };
    }

    private static Modifier Without(string name, Func<BsonValue, Evaluation, bool> takes) => new((current, context) => current is BsonArray array
        ? new BsonArray(array.Where(item => !takes(item, context.Evaluation)))
        : throw Errors.BadValue($"Cannot apply {name} to a non-array value"))
    {
        Creates = false,
    };

    private static BsonArray ArrayOf(BsonValue? current, ModifierContext context) => current switch
    {
        null => [],
        BsonArray array => array,
        _ => throw Errors.BadValue(
            $"The field '{context.Path}' must be an array but is of type {BsonTypes.Name(current)} in document {context.Id}"),
    };
}
