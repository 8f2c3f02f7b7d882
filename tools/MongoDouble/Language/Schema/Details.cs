using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Schema;

/// <summary>The documents in which the server explains a broken rule.</summary>
internal static class Details
{
    public static BsonDocument Reason(string keyword, BsonValue operand, string reason, BsonValue considered) => new()
    {
        { "operatorName", keyword },
        { "specifiedAs", new BsonDocument(keyword, operand) },
        { "reason", reason },
        { "consideredValue", considered },
    };

    public static BsonDocument Type(string keyword, BsonValue operand, BsonValue considered) =>
        Reason(keyword, operand, "type did not match", considered).Add("consideredType", BsonTypes.Name(considered));

    public static BsonDocument Of(string keyword) => new("operatorName", keyword);
}
