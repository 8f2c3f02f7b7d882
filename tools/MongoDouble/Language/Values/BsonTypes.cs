using System.Collections.Frozen;
using MongoDB.Bson;

namespace Relaybox.MongoDouble.Language.Values;

/// <summary>The names, aliases and ranks of the types of BSON.</summary>
internal static class BsonTypes
{
    private static readonly FrozenDictionary<string, BsonType> ByName = new Dictionary<string, BsonType>
    {
        ["double"] = BsonType.Double,
        ["string"] = BsonType.String,
        ["object"] = BsonType.Document,
        ["array"] = BsonType.Array,
        ["binData"] = BsonType.Binary,
        ["undefined"] = BsonType.Undefined,
        ["objectId"] = BsonType.ObjectId,
        ["bool"] = BsonType.Boolean,
        ["date"] = BsonType.DateTime,
        ["null"] = BsonType.Null,
        ["regex"] = BsonType.RegularExpression,
        ["javascript"] = BsonType.JavaScript,
        ["symbol"] = BsonType.Symbol,
        ["javascriptWithScope"] = BsonType.JavaScriptWithScope,
        ["int"] = BsonType.Int32,
        ["timestamp"] = BsonType.Timestamp,
        ["long"] = BsonType.Int64,
        ["decimal"] = BsonType.Decimal128,
        ["minKey"] = BsonType.MinKey,
        ["maxKey"] = BsonType.MaxKey,
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<BsonType, string> Names = ByName.ToFrozenDictionary(pair => pair.Value, pair => pair.Key);

    public static readonly BsonType[] Numbers = [BsonType.Int32, BsonType.Int64, BsonType.Double, BsonType.Decimal128];

    /// <summary>The server's name for the type of a value, or <c>missing</c>.</summary>
    public static string Name(BsonValue? value) => value is null ? "missing" : Name(value.BsonType);

    public static string Name(BsonType type) => Names[type];

    public static BsonType? Find(string name) => ByName.TryGetValue(name, out var type) ? type : null;

    public static BsonType? Find(long number) => number switch
    {
        -1 => BsonType.MinKey,
        > 0 and <= 127 when Names.ContainsKey((BsonType)number) => (BsonType)number,
        _ => null,
    };

    /// <summary>
    /// The number that <c>$type</c> takes for a type. BSON writes MinKey as 0xff and the server calls it -1.
    /// </summary>
    public static int Number(BsonType type) => type == BsonType.MinKey ? -1 : (int)type;

    public static bool IsNumber(BsonValue? value) => value is BsonInt32 or BsonInt64 or BsonDouble or BsonDecimal128;

    /// <summary>Missing, null or undefined: what most expressions answer with null.</summary>
    public static bool IsNullish(BsonValue? value) => value is null or BsonNull or BsonUndefined;

    /// <summary>The place of a type in the comparison order. Types of one rank compare by value; missing ranks with undefined.</summary>
    public static int Rank(BsonValue? value) => value is null ? 0 : Rank(value.BsonType);

    private static int Rank(BsonType type) => type switch
    {
        BsonType.MinKey => -1,
        BsonType.Undefined => 0,
        BsonType.Null => 5,
        BsonType.Double or BsonType.Int32 or BsonType.Int64 or BsonType.Decimal128 => 10,
        BsonType.String or BsonType.Symbol => 15,
        BsonType.Document => 20,
        BsonType.Array => 25,
        BsonType.Binary => 30,
        BsonType.ObjectId => 35,
        BsonType.Boolean => 40,
        BsonType.DateTime => 45,
        BsonType.Timestamp => 47,
        BsonType.RegularExpression => 50,
        BsonType.JavaScript => 60,
        BsonType.JavaScriptWithScope => 65,
        _ => 127,
    };
}
