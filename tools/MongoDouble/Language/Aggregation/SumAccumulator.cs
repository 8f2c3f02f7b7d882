using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Expressions;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Aggregation;

internal sealed class SumAccumulator : Accumulator
{
    private BsonValue _sum = Numbers.Zero;

    public override void Add(BsonValue? value)
    {
        if (BsonTypes.IsNumber(value))
        {
            _sum = ArithmeticOperators.AddNumbers(_sum, value!);
        }
    }

    public override BsonValue Result() => _sum;
}
