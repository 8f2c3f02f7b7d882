using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Filters;

/// <summary>The least and the greatest value of a kind, between which a filter's comparison stays.</summary>
internal static class Brackets
{
    public static (Bound Lower, Bound Upper)? Of(BsonValue value) => BsonTypes.Rank(value) switch
    {
        10 => (new(new BsonDouble(double.NaN), true), new(new BsonDouble(double.PositiveInfinity), true)),
        15 => (new(BsonString.Empty, true), new(new BsonDocument(), false)),
        20 => (new(new BsonDocument(), true), new(new BsonArray(), false)),
        30 => (new(new BsonBinaryData([]), true), new(new BsonObjectId(ObjectId.Empty), false)),
        35 => (new(new BsonObjectId(ObjectId.Empty), true), new(BsonBoolean.False, false)),
        40 => (new(BsonBoolean.False, true), new(BsonBoolean.True, true)),
        45 => (new(new BsonDateTime(long.MinValue), true), new(new BsonDateTime(long.MaxValue), true)),
        47 => (new(new BsonTimestamp(0), true), new(new BsonTimestamp(-1), true)),
        _ => null,
    };
}
