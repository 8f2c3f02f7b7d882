using System.Text.RegularExpressions;
using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Expressions;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Filters;

/// <summary>Parses the operators that stand for one path.</summary>
internal static class OperatorParsers
{
    public static Condition Parse(string path, string name, BsonValue operand, BsonDocument siblings) => name switch
    {
        "$eq" or "$lt" or "$lte" or "$gt" or "$gte" => new OnField(path, Compare(name, operand)),
        "$ne" => new Not(new OnField(path, Compare("$eq", operand, regexAllowed: false))),
        "$in" => new OnField(path, In("$in", operand)),
        "$nin" => new Not(new OnField(path, In("$nin", operand))),
        "$exists" => Expression.Truth(operand) ? new OnField(path, new Exists()) : new Not(new OnField(path, new Exists())),
        "$type" => new OnField(path, new OfType(TypeSet.Parse(operand))),
        "$not" => Negation(path, operand),
        "$mod" => new OnField(path, Mod(operand)),
        "$size" => new OnField(path, Size(operand)),
        "$regex" => new OnField(path, RegexOf(operand, siblings)),
        "$all" => All(path, operand),
        "$elemMatch" => new OnField(path, ElemMatch(operand)),
        "$near" or "$nearSphere" or "$geoWithin" or "$geoIntersects" or "$bitsAllSet" or "$bitsAllClear" or "$bitsAnySet" or "$bitsAnyClear" =>
            throw Errors.NotInDouble($"{name} in filters"),
        _ => throw Errors.BadValue($"unknown operator: {name}"),
    };

    /// <summary>Matches strings by the expression, and expressions that are the same.</summary>
    public static Predicate Regex(Regex compiled, BsonRegularExpression source) => new Matching(value => value switch
    {
        BsonString text => compiled.IsMatch(text.Value),
        BsonRegularExpression other => ValueOrder.Instance.Equals(other, source),
        _ => false,
    });

    private static Comparison Compare(string name, BsonValue operand, bool regexAllowed = true) => operand switch
    {
        BsonUndefined => throw Errors.BadValue("cannot compare to undefined"),
        BsonRegularExpression when !regexAllowed => throw Errors.BadValue("Can't have regex as arg to $ne."),
        BsonRegularExpression when name != "$eq" => throw Errors.BadValue($"Can't have RegEx as arg to predicate over field '{name}'."),
        _ => new(name, operand),
    };

    private static OneOf In(string name, BsonValue operand)
    {
        if (operand is not BsonArray array)
        {
            throw Errors.BadValue($"{name} needs an array");
        }
        foreach (var value in array)
        {
            if (FilterParser.HoldsOperators(value))
            {
                throw Errors.BadValue($"cannot nest $ under {name}");
            }
            if (value is BsonUndefined)
            {
                throw Errors.BadValue("InMatchExpression equality cannot be undefined");
            }
        }
        return new([.. array]);
    }

    private static Not Negation(string path, BsonValue operand) => operand switch
    {
        BsonRegularExpression regex => new(new OnField(path, Regex(Regexes.Compile(regex), regex))),
        BsonDocument { ElementCount: 0 } => throw Errors.BadValue("$not cannot be empty"),
        BsonDocument document when FilterParser.HoldsOperators(document) => new(FilterParser.Operators(path, document)),
        BsonDocument document => throw Errors.BadValue($"unknown operator: {document.GetElement(0).Name}"),
        _ => throw Errors.BadValue("$not needs a regex or a document"),
    };

    private static Matching Mod(BsonValue operand)
    {
        if (operand is not BsonArray array)
        {
            throw Errors.BadValue("malformed mod, needs to be an array");
        }
        if (array.Count != 2)
        {
            throw Errors.BadValue(array.Count < 2 ? "malformed mod, not enough elements" : "malformed mod, too many elements");
        }
        var divisor = Truncated(array[0]) ?? throw Errors.BadValue("malformed mod, divisor not a number");
        var remainder = Truncated(array[1]) ?? throw Errors.BadValue("malformed mod, remainder not a number");
        return divisor == 0
            ? throw Errors.BadValue("divisor cannot be 0")
            : new(value => Truncated(value) is { } number && (divisor == -1 ? 0 : number % divisor) == remainder);
    }

    private static long? Truncated(BsonValue value) =>
        BsonTypes.IsNumber(value) && Numbers.IsFinite(value) && Math.Abs(Numbers.Real(value)) < 9.3e18
            ? Numbers.IsInteger(value) ? Numbers.Integer(value) : (long)Numbers.Real(value)
            : null;

    private static Matching Size(BsonValue operand)
    {
        if (!BsonTypes.IsNumber(operand))
        {
            throw Errors.FailedToParse($"Failed to parse $size. Expected a number in: $size: {Text.Of(operand)}");
        }
        if (!Numbers.TryWhole(operand, out var size))
        {
            throw Errors.FailedToParse($"Failed to parse $size. Expected an integer: $size: {Text.Of(operand)}");
        }
        return size < 0
            ? throw Errors.FailedToParse($"Failed to parse $size. Expected a non-negative number in: $size: {Text.Of(operand)}")
            : new(value => value is BsonArray array && array.Count == size, seesElements: false);
    }

    private static Predicate RegexOf(BsonValue operand, BsonDocument siblings)
    {
        var options = siblings.TryGetValue("$options", out var given)
            ? (given as BsonString ?? throw Errors.BadValue("$options has to be a string")).Value
            : "";
        var (pattern, own) = operand switch
        {
            BsonString text => (text.Value, ""),
            BsonRegularExpression regex => (regex.Pattern, regex.Options),
            _ => throw Errors.BadValue("$regex has to be a string"),
        };
        if (own.Length > 0 && options.Length > 0)
        {
            throw Errors.Location(51075, "options set in both $regex and $options");
        }
        var source = new BsonRegularExpression(pattern, own + options);
        return Regex(Regexes.Compile(pattern, own + options), source);
    }

    private static Condition All(string path, BsonValue operand)
    {
        if (operand is not BsonArray array)
        {
            throw Errors.BadValue("$all needs an array");
        }
        if (array.Count == 0)
        {
            return new Always(false);
        }
        var matches = array.Count(item => item is BsonDocument { ElementCount: > 0 } document && document.GetElement(0).Name == "$elemMatch");
        if (matches > 0 && matches < array.Count)
        {
            throw Errors.BadValue("$all/$elemMatch has to be consistent");
        }
        return new AllOf([.. array.Select(item => new OnField(path, item switch
        {
            BsonDocument document when matches > 0 => ElemMatch(document.GetElement(0).Value),
            BsonRegularExpression regex => Regex(Regexes.Compile(regex), regex),
            _ when FilterParser.HoldsOperators(item) => throw Errors.BadValue("no $ expressions in $all"),
            _ => new Comparison("$eq", item),
        }))]);
    }

    private static ElementMatch ElemMatch(BsonValue operand)
    {
        if (operand is not BsonDocument document)
        {
            throw Errors.BadValue("$elemMatch needs an Object");
        }
        var ofValues = FilterParser.HoldsOperators(document) && document.GetElement(0).Name is not ("$and" or "$or" or "$nor" or "$expr");
        return ofValues ? new(FilterParser.Operators("", document), ofDocuments: false) : new(FilterParser.Parse(document), ofDocuments: true);
    }
}
