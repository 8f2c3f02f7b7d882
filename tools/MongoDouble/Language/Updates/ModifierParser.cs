using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Expressions;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Updates;

/// <summary>Parses the operators of updates.</summary>
internal static class ModifierParser
{
    private delegate Modifier FieldParser(string path, BsonValue operand);

    private static readonly Dictionary<string, FieldParser> Parsers = new()
    {
        ["$set"] = (_, operand) => new((_, _) => operand.DeepClone()),
        ["$setOnInsert"] = (_, operand) => new((_, _) => operand.DeepClone()) { OnInsertOnly = true },
        ["$unset"] = (_, _) => new((_, _) => null) { Creates = false },
        ["$inc"] = (path, operand) => Arithmetic("$inc", "increment", path, operand, (_, current) => current),
        ["$mul"] = (path, operand) => Arithmetic("$mul", "multiply", path, operand, Zero),
        ["$min"] = (_, operand) => Extreme(operand, -1),
        ["$max"] = (_, operand) => Extreme(operand, 1),
        ["$currentDate"] = CurrentDate,
        ["$rename"] = Rename,
        ["$push"] = ArrayModifiers.Push,
        ["$addToSet"] = ArrayModifiers.AddToSet,
        ["$pull"] = ArrayModifiers.Pull,
        ["$pullAll"] = ArrayModifiers.PullAll,
        ["$pop"] = ArrayModifiers.Pop,
    };

    public static IEnumerable<(UpdatePath Path, Modifier Modifier)> Parse(BsonDocument update)
    {
        foreach (var (name, operand) in update.Select(field => (field.Name, field.Value)))
        {
            if (name == "$bit")
            {
                throw Errors.NotInDouble("$bit");
            }
            if (!Parsers.TryGetValue(name, out var parser))
            {
                throw Errors.FailedToParse(
                    $"Unknown modifier: {name}. Expected a valid update modifier or pipeline-style update specified as an array");
            }
            if (operand is not BsonDocument fields)
            {
                throw Errors.FailedToParse(
                    $"Modifiers operate on fields but we found type {BsonTypes.Name(operand)} instead. For example: "
                    + $"{{$mod: {{<field>: ...}}}} not {{{name}: {Text.Of(operand)}}}");
            }
            foreach (var field in fields)
            {
                // The value of $rename is a path, too, and the one that is written.
                var path = UpdatePath.Parse(field.Name);
                var modifier = parser(field.Name, field.Value);
                yield return modifier.Source is null ? (path, modifier) : (UpdatePath.Parse(field.Value.AsString), modifier);
            }
        }
    }

    private static BsonValue Zero(BsonValue operand, BsonValue _) => Numbers.Multiply(operand, Numbers.Zero)!;

    private static Modifier Arithmetic(string name, string verb, string path, BsonValue operand, Func<BsonValue, BsonValue, BsonValue> ifMissing)
    {
        if (!BsonTypes.IsNumber(operand))
        {
            throw Errors.TypeMismatch($"Cannot {verb} with non-numeric argument: {{{path}: {Text.Of(operand)}}}");
        }
        return new((current, context) =>
        {
            if (current is null)
            {
                return ifMissing(operand, operand);
            }
            if (!BsonTypes.IsNumber(current))
            {
                throw Errors.TypeMismatch(
                    $"Cannot apply {name} to a value of non-numeric type. {context.Id} has the field '{context.LastName}' of non-numeric type "
                    + BsonTypes.Name(current));
            }
            return (name == "$inc" ? Numbers.Add(current, operand) : Numbers.Multiply(current, operand)) ?? throw Errors.BadValue(
                $"Failed to apply {name} operations to current value ((NumberLong){Text.Of(current)}) for document {context.Id}");
        });
    }

    private static Modifier Extreme(BsonValue operand, int sign) => new((current, _) =>
        current is null || Math.Sign(ValueOrder.Instance.Compare(operand, current)) == sign ? operand.DeepClone() : current);

    private static Modifier CurrentDate(string path, BsonValue operand)
    {
        switch (operand)
        {
            case BsonBoolean:
                return new((_, context) => context.Evaluation.NowValue);
            case BsonDocument { ElementCount: 1 } document when document.GetElement(0).Name == "$type":
                return document.GetElement(0).Value switch
                {
                    BsonString { Value: "date" } => new((_, context) => context.Evaluation.NowValue),
                    BsonString { Value: "timestamp" } => new((_, context) => context.Evaluation.Timestamp),
                    _ => throw Errors.BadValue(
                        "The '$type' string field is required to be 'date' or 'timestamp': {$currentDate: {field : {$type: 'date'}}}"),
                };
            case BsonDocument document:
                throw Errors.BadValue($"Unrecognized $currentDate option: {(document.ElementCount == 0 ? "" : document.GetElement(0).Name)}");
            default:
                throw Errors.BadValue(
                    $"{BsonTypes.Name(operand)} is not valid type for $currentDate. Please use a boolean ('true') or a $type expression "
                    + "({$type: 'timestamp/date'}).");
        }
    }

    private static Modifier Rename(string path, BsonValue operand)
    {
        if (operand is not BsonString target)
        {
            throw Errors.BadValue($"The 'to' field for $rename must be a string: {path}: {Text.Of(operand)}");
        }
        if (target.Value == path)
        {
            throw Errors.BadValue($"The source and target field for $rename must differ: {path}: {Text.Of(operand)}");
        }
        var source = UpdatePath.Parse(path);
        if (source.Components.Concat(target.Value.Split('.')).Any(component => component.StartsWith('$')))
        {
            throw Errors.BadValue($"The source field for $rename may not be dynamic: {path}");
        }
        return new((_, context) => FieldPaths.Get(context.Before, source.Components)!.DeepClone()) { Source = source };
    }
}
