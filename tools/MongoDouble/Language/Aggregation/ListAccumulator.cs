using MongoDB.Bson;

namespace Relaybox.MongoDouble.Language.Aggregation;

/// <summary>Keeps all values and makes its result of them in the end.</summary>
internal sealed class ListAccumulator(Func<IReadOnlyList<BsonValue?>, BsonValue> finish) : Accumulator
{
    private readonly List<BsonValue?> _values = [];

    public override void Add(BsonValue? value) => _values.Add(value);

    public override BsonValue Result() => finish(_values);
}
