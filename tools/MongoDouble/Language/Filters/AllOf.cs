using MongoDB.Bson;

namespace Relaybox.MongoDouble.Language.Filters;

/// <summary>Several conditions that must all hold; none of them hold for everything.</summary>
internal sealed class AllOf(IReadOnlyList<Condition> parts) : Condition
{
    public IReadOnlyList<Condition> Parts { get; } = parts;

    public override bool Matches(BsonDocument document, Evaluation evaluation)
    {
        foreach (var part in Parts)
        {
            if (!part.Matches(document, evaluation))
            {
                return false;
            }
        }
        return true;
    }

    public override bool MatchesValue(BsonValue value, Evaluation evaluation) => Parts.All(part => part.MatchesValue(value, evaluation));

    public override IEnumerable<Condition> Conjuncts() => Parts.SelectMany(part => part.Conjuncts());
}
