using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Filters;

/// <summary>
/// <c>$eq</c>, <c>$lt</c>, <c>$lte</c>, <c>$gt</c>, <c>$gte</c>: with values of the operand's own kind only, so that no string is above a number.
/// </summary>
internal sealed class Comparison(string name, BsonValue operand) : Predicate
{
    private readonly int _rank = BsonTypes.Rank(operand);
    private readonly bool _orEqual = name is "$eq" or "$lte" or "$gte";
    private readonly int _sign = name switch
    {
        "$lt" or "$lte" => -1,
        "$gt" or "$gte" => 1,
        _ => 0,
    };

    public string Name { get; } = name;

    public BsonValue Operand { get; } = operand;

    public override bool Holds(BsonValue? value, Evaluation evaluation)
    {
        var rank = BsonTypes.Rank(value);
        if (rank != _rank)
        {
            return IsNothing(rank) && IsNothing(_rank)
                ? _orEqual
                : (Operand is BsonMaxKey && _sign < 0) || (Operand is BsonMinKey && _sign > 0);
        }
        if (Numbers.IsNaN(Operand) || Numbers.IsNaN(value))
        {
            return _orEqual && Numbers.IsNaN(Operand) && Numbers.IsNaN(value);
        }
        var order = ValueOrder.Instance.Compare(value, Operand);
        return order == 0 ? _orEqual : Math.Sign(order) == _sign;
    }

    /// <summary>Null, undefined and missing are equal to a filter.</summary>
    private static bool IsNothing(int rank) => rank is 0 or 5;
}
