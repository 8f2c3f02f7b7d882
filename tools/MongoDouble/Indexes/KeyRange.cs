using MongoDB.Bson;

namespace Relaybox.MongoDouble.Indexes;

/// <summary>A piece of an index: from one begin of a key to another.</summary>
/// <param name="Lower">The first values; fewer than the index has fields, possibly none.</param>
/// <param name="LowerSide">-1: with the keys that begin so, 1: after them.</param>
/// <param name="Upper">The last values.</param>
/// <param name="UpperSide">1: with the keys that begin so, -1: before them.</param>
internal sealed record KeyRange(BsonValue[] Lower, int LowerSide, BsonValue[] Upper, int UpperSide);
