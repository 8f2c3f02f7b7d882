using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Schema;

namespace Relaybox.MongoDouble.Language.Filters;

/// <summary><c>$jsonSchema</c>.</summary>
internal sealed class OnSchema(BsonValue specification) : Condition
{
    public JsonSchema Schema { get; } = JsonSchema.Parse(specification);

    public override bool Matches(BsonDocument document, Evaluation evaluation) => Schema.Allows(document);

    public override bool MatchesValue(BsonValue value, Evaluation evaluation) => Schema.Allows(value);
}
