using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Filters;

/// <summary>Parses filters: documents of fields and of operators that stand beside fields.</summary>
internal static class FilterParser
{
    public static Condition Parse(BsonDocument filter)
    {
        var parts = new List<Condition>();
        foreach (var field in filter)
        {
            if (field.Name.StartsWith('$'))
            {
                parts.AddRange(TopLevel(field.Name, field.Value));
            }
            else
            {
                parts.Add(OfField(field.Name, field.Value));
            }
        }
        return parts.Count == 1 ? parts[0] : new AllOf(parts);
    }

    /// <summary>Whether a value holds operators, as its first field decides.</summary>
    public static bool HoldsOperators(BsonValue value) =>
        value is BsonDocument { ElementCount: > 0 } document && document.GetElement(0).Name is ['$', ..] and not ("$ref" or "$id" or "$db");

    /// <summary>The operators that stand for one path; for a value by itself, the path is empty.</summary>
    public static Condition Operators(string path, BsonDocument operators)
    {
        var parts = new List<Condition>();
        foreach (var field in operators)
        {
            if (field.Name != "$options")
            {
                parts.Add(OperatorParsers.Parse(path, field.Name, field.Value, operators));
            }
            else if (!operators.Contains("$regex"))
            {
                throw Errors.BadValue("$options needs a $regex");
            }
        }
        return parts.Count == 1 ? parts[0] : new AllOf(parts);
    }

    private static IEnumerable<Condition> TopLevel(string name, BsonValue operand)
    {
        switch (name)
        {
            case "$and":
                return [new AllOf(List(name, operand))];
            case "$or":
                return [new AnyOf(List(name, operand))];
            case "$nor":
                return [new Not(new AnyOf(List(name, operand)))];
            case "$expr":
                return [new OnExpression(operand)];
            case "$jsonSchema":
                return [new OnSchema(operand)];
            case "$comment":
                return [];
            case "$alwaysTrue" or "$alwaysFalse":
                return [new Always(name == "$alwaysTrue")];
            case "$where" or "$text" or "$sampleRate":
                throw Errors.NotInDouble($"{name} in filters");
            default:
                throw Errors.BadValue(
                    $"unknown top level operator: {name}. If you have a field name that starts with a '$' symbol, "
                    + "consider using $getField or $setField.");
        }
    }

    private static List<Condition> List(string name, BsonValue operand)
    {
        if (operand is not BsonArray array)
        {
            throw Errors.BadValue($"{name} must be an array");
        }
        if (array.Count == 0)
        {
            throw Errors.BadValue("$and/$or/$nor must be a nonempty array");
        }
        return [.. array.Select(item => Parse(item as BsonDocument ?? throw Errors.BadValue("$or/$and/$nor entries need to be full objects")))];
    }

    private static Condition OfField(string path, BsonValue value) => value switch
    {
        BsonDocument document when HoldsOperators(document) => Operators(path, document),
        BsonRegularExpression regex => new OnField(path, OperatorParsers.Regex(Regexes.Compile(regex), regex)),
        BsonUndefined => throw Errors.BadValue("cannot compare to undefined"),
        _ => new OnField(path, new Comparison("$eq", value)),
    };
}
