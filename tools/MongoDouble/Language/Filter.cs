using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Filters;

namespace Relaybox.MongoDouble.Language;

/// <summary>A query filter.</summary>
internal sealed class Filter
{
    private static readonly Evaluation NoTime = new(DateTime.UnixEpoch);

    private Filter(Condition root) => Root = root;

    public Condition Root { get; }

    /// <summary>Whether the server takes the filter for that of a partial index.</summary>
    public bool CanLimitIndex => CanLimit(Root);

    public static Filter Parse(BsonDocument filter) => new(FilterParser.Parse(filter));

    public bool Matches(BsonDocument document, Evaluation evaluation) => Root.Matches(document, evaluation);

    /// <summary>By field, what an index may be searched by; see <see cref="FieldBounds"/> for when.</summary>
    public IReadOnlyDictionary<string, FieldBounds> Bounds(Evaluation evaluation) => BoundsReader.Read(Root, evaluation);

    /// <summary>Whether all that this filter matches is surely in a partial index of that expression.</summary>
    public bool Implies(BsonDocument partialFilterExpression) => Implication.Holds(Root, FilterParser.Parse(partialFilterExpression), NoTime);

    private static bool CanLimit(Condition condition) => condition switch
    {
        AllOf all => all.Parts.All(CanLimit),
        AnyOf any => any.Parts.All(CanLimit),
        OnField { Predicate: OneOf list } => !list.HasRegexes,
        OnField { Predicate: var predicate } => predicate is Comparison or Exists or OfType,
        _ => false,
    };
}
