using System.Collections.Frozen;
using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Expressions;

/// <summary>Parses one operator's operand; <c>names</c> are the variables that are bound there.</summary>
internal delegate Expression OperatorParser(BsonValue operand, Names? names);

internal static class ExpressionParser
{
    private static readonly FrozenDictionary<string, OperatorParser> Operators =
        new[]
        {
            ConditionalOperators.All, ComparisonOperators.All, ArithmeticOperators.All, RoundingOperators.All, StringOperators.All,
            ArrayOperators.All, IterationOperators.All, ObjectOperators.All, SetOperators.All, TypeOperators.All, ConversionOperators.All,
            DateOperators.All,
        }.SelectMany(table => table).ToFrozenDictionary();

    private static readonly FrozenSet<string> NotInDouble =
        """
        $accumulator $acos $acosh $asin $asinh $atan $atan2 $atanh $bitAnd $bitNot $bitOr $bitXor $cos $cosh $dateFromParts $dateFromString
        $dateToParts $dateToString $dayOfMonth $dayOfWeek $dayOfYear $degreesToRadians $exp $function $hour $indexOfCP $isoDayOfWeek $isoWeek
        $isoWeekYear $ln $log $log10 $ltrim $maxN $median $meta $millisecond $minN $minute $month $percentile $pow $radiansToDegrees $regexFind
        $regexFindAll $regexMatch $replaceAll $replaceOne $rtrim $sampleRate $second $sin $sinh $sortArray $sqrt $stdDevPop $stdDevSamp $tan
        $tanh $toHashedIndexKey $trim $tsIncrement $tsSecond $week $year $zip $firstN $lastN
        """.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).ToFrozenSet();

    public static Expression Parse(BsonValue specification, Names? names) => specification switch
    {
        BsonString { Value: ['$', ..] } text => Path(text.Value, names),
        BsonDocument document => Document(document, names),
        BsonArray array => Array(array, names),
        _ => Expression.Constant(specification),
    };

    /// <summary>Whether a document is an operator's call rather than an object of fields.</summary>
    public static bool IsOperator(BsonValue value) =>
        value is BsonDocument { ElementCount: > 0 } document && document.GetElement(0).Name.StartsWith('$');

    private static Expression Document(BsonDocument document, Names? names)
    {
        if (IsOperator(document))
        {
            var (name, operand) = (document.GetElement(0).Name, document.GetElement(0).Value);
            if (document.ElementCount > 1)
            {
                throw Errors.Location(
                    15983, $"An object representing an expression must have exactly one field: {Text.Of(document)}");
            }
            if (Operators.TryGetValue(name, out var parser))
            {
                return parser(operand, names);
            }
            throw NotInDouble.Contains(name) ? Errors.NotInDouble($"the expression {name}") : Errors.UnknownExpression(name);
        }
        var fields = document.Select(field => (Name: FieldName(field.Name), Value: Parse(field.Value, names))).ToArray();
        return new(scope =>
        {
            var result = new BsonDocument();
            foreach (var (name, value) in fields)
            {
                if (value.Evaluate(scope) is { } found)
                {
                    result.Add(name, found);
                }
            }
            return result;
        })
        {
            IsConstant = System.Array.TrueForAll(fields, field => field.Value.IsConstant),
        };
    }

    private static string FieldName(string name)
    {
        if (name.Contains('.', StringComparison.Ordinal))
        {
            throw Errors.Location(16412, $"FieldPath field names may not contain '.'. Consider using $getField or $setField.");
        }
        return name.StartsWith('$')
            ? throw Errors.Location(16410, $"FieldPath field names may not start with '$'. Consider using $getField or $setField.")
            : name;
    }

    private static Expression Array(BsonArray array, Names? names)
    {
        var items = array.Select(item => Parse(item, names)).ToArray();
        return new(scope => new BsonArray(items.Select(item => item.Evaluate(scope) ?? BsonNull.Value)))
        {
            IsConstant = System.Array.TrueForAll(items, item => item.IsConstant),
        };
    }

    private static Expression Path(string text, Names? names)
    {
        if (text.Length == 1)
        {
            throw Errors.Location(16872, "'$' by itself is not a valid FieldPath");
        }
        if (text[1] != '$')
        {
            var path = FieldPaths.Split(text[1..]);
            return new(scope => FieldPaths.Get(scope.Root, path)) { Field = text[1..] };
        }
        if (text.Length == 2)
        {
            throw Errors.FailedToParse("empty variable names are not allowed");
        }
        var components = text[2..].Split('.');
        var rest = components.Length == 1 ? [] : FieldPaths.Split(text[(2 + components[0].Length + 1)..]);
        return Variable(components[0], rest, names);
    }

    private static Expression Variable(string name, string[] rest, Names? names)
    {
        switch (name)
        {
            case "ROOT" or "CURRENT":
                return new(scope => FieldPaths.Get(scope.Root, rest)) { Field = rest.Length == 0 ? null : string.Join('.', rest) };
            case "NOW":
                return new(scope => rest.Length == 0 ? scope.Evaluation.NowValue : null) { IsConstant = true };
            case "REMOVE":
                return new(_ => null) { IsConstant = true };
            case "CLUSTER_TIME":
                throw Errors.Location(51144, "Builtin variable '$$CLUSTER_TIME' is not available");
            default:
                return Names.Contain(names, name)
                    ? new(scope => FieldPaths.Get(scope.Variable(name), rest))
                    : throw Errors.Location(17276, $"Use of undefined variable: {name}");
        }
    }
}
