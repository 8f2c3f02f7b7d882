using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Filters;

/// <summary>Whether every document that one condition lets through passes another, too. Says no wherever it is not sure.</summary>
internal static class Implication
{
    public static bool Holds(Condition given, Condition wanted, Evaluation evaluation) => wanted switch
    {
        AllOf all => all.Parts.All(part => Holds(given, part, evaluation)),
        AnyOf any when any.Parts.Any(part => Holds(given, part, evaluation)) => true,
        OnField field => given.Conjuncts().Any(part => Implies(part, field, evaluation)),
        _ => given.Conjuncts().OfType<AnyOf>().Any(any => any.Parts.All(part => Holds(part, wanted, evaluation))),
    };

    private static bool Implies(Condition given, OnField wanted, Evaluation evaluation) => given switch
    {
        OnField field => field.Path == wanted.Path && Implies(field.Predicate, wanted.Predicate, evaluation),
        AnyOf any => any.Parts.All(part => Holds(part, wanted, evaluation)),
        _ => false,
    };

    private static bool Implies(Predicate given, Predicate wanted, Evaluation evaluation) => (given, wanted) switch
    {
        (Comparison { Name: "$eq" } equal, _) => ValueImplies(equal.Operand, wanted, evaluation),
        (OneOf { HasRegexes: false } list, _) => list.Values.Count > 0 && list.Values.All(value => ValueImplies(value, wanted, evaluation)),
        (Exists, Exists) => true,
        (OfType, Exists) => true,
        (OfType some, OfType all) => some.Types.IsSubsetOf(all.Types),
        (Comparison range, Exists) => range.Operand is not (BsonNull or BsonMinKey or BsonMaxKey),
        (Comparison range, OfType types) => HasAllOfKind(types, range.Operand),
        (Comparison inner, Comparison { Name: not "$eq" } outer) => Within(inner, outer),
        _ => false,
    };

    /// <summary>
    /// An equal value may be written as another type of number, and may be an element of an array. Both pass what the value itself passes,
    /// but for types of numbers, of which all have to be wanted.
    /// </summary>
    private static bool ValueImplies(BsonValue value, Predicate wanted, Evaluation evaluation) => wanted switch
    {
        Exists => value is not BsonNull,
        OfType types => HasAllOfKind(types, value),
        Comparison or OneOf => value is not (BsonArray or BsonRegularExpression) && wanted.Holds(value, evaluation),
        _ => false,
    };

    private static bool HasAllOfKind(OfType types, BsonValue value) => value switch
    {
        BsonNull or BsonMinKey or BsonMaxKey => false,
        _ when BsonTypes.IsNumber(value) => BsonTypes.Numbers.All(types.Types.Contains),
        _ => types.Types.Contains(value.BsonType),
    };

    private static bool Within(Comparison inner, Comparison outer)
    {
        if (BsonTypes.Rank(inner.Operand) != BsonTypes.Rank(outer.Operand) || Brackets.Of(inner.Operand) is null
            || Numbers.IsNaN(inner.Operand) || Numbers.IsNaN(outer.Operand) || inner.Name[..3] != outer.Name[..3])
        {
            return false;
        }
        var order = ValueOrder.Instance.Compare(inner.Operand, outer.Operand) * (outer.Name.StartsWith("$lt", StringComparison.Ordinal) ? 1 : -1);
        return order < 0 || (order == 0 && (outer.Name.EndsWith('e') || !inner.Name.EndsWith('e')));
    }
}
