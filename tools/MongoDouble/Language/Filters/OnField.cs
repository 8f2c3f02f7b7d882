using MongoDB.Bson;

namespace Relaybox.MongoDouble.Language.Filters;

/// <summary>Holds where any value at a path fulfils a predicate.</summary>
internal sealed class OnField(string path, Predicate predicate) : Condition
{
    private readonly string[] _components = path.Split('.');

    public string Path { get; } = path;

    public Predicate Predicate { get; } = predicate;

    public override bool Matches(BsonDocument document, Evaluation evaluation) => PathWalk.Any(document, _components, Predicate, evaluation);

    public override bool MatchesValue(BsonValue value, Evaluation evaluation) => Predicate.Holds(value, evaluation);
}
