using System.Collections;
using MongoDB.Bson;

namespace Relaybox.MongoDb;

/// <summary>What the server computes: with its own clock, and without failing on what somebody else wrote.</summary>
internal static class Expressions
{
    /// <summary>The server's time, the same for a whole command.</summary>
    internal const string Now = "$$NOW";

    /// <summary>Leaves a field out.</summary>
    internal const string Remove = "$$REMOVE";

    // Dates are milliseconds in 64 bits; a hundred years either way stay inside of every calendar.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(36_500);

    /// <summary>The server's time after a duration.</summary>
    internal static BsonDocument After(TimeSpan duration) => new("$add", new BsonArray { Now, Milliseconds(duration) });

    /// <summary>The server's time before a duration.</summary>
    internal static BsonDocument Before(TimeSpan duration) => new("$subtract", new BsonArray { Now, Milliseconds(duration) });

    /// <summary>A condition of a find: a field's time has come a duration ago. It holds, too, where the field is missing.</summary>
    internal static BsonDocument Due(string field, TimeSpan since = default) => new(
        "$expr", new BsonDocument("$lte", new BsonArray { $"${field}", since == default ? Now : Before(since) }));

    /// <summary>A condition of a find: a field has one of these values.</summary>
    internal static BsonDocument IsIn(IEnumerable values) => new("$in", new BsonArray(values));

    /// <summary>A text as it is, whatever its first character.</summary>
    internal static BsonDocument Literal(BsonValue value) => new("$literal", value);

    /// <summary>A count that somebody else may have written as something else: then zero.</summary>
    internal static BsonDocument Count(string field) => If(IsOfType(field, "int", "long"), $"${field}", 0);

    /// <summary>A text that somebody else may have written as something else: then an empty one.</summary>
    internal static BsonDocument Text(string field) => If(IsOfType(field, "string"), $"${field}", "");

    /// <summary>The type of a field, as the server names it.</summary>
    internal static BsonDocument TypeOf(string field) => new("$type", $"${field}");

    /// <summary>Whether a field has one of these types.</summary>
    internal static BsonDocument IsOfType(string field, params string[] types) => types.Length == 1
        ? new BsonDocument("$eq", new BsonArray { TypeOf(field), types[0] })
        : new BsonDocument("$in", new BsonArray { TypeOf(field), new BsonArray(types) });

    /// <summary>A field where it has one of these types; otherwise it is left out.</summary>
    internal static BsonDocument OfType(string field, params string[] types) => If(IsOfType(field, types), $"${field}", Remove);

    /// <summary>One of two values.</summary>
    internal static BsonDocument If(BsonValue condition, BsonValue then, BsonValue otherwise) =>
        new("$cond", new BsonArray { condition, then, otherwise });

    /// <summary>The bytes of a text; zero: the field holds no text.</summary>
    internal static BsonDocument TextBytes(string field) => If(IsOfType(field, "string"), new BsonDocument("$strLenBytes", $"${field}"), 0);

    /// <summary>The bytes of a document; zero: the field holds no document.</summary>
    internal static BsonDocument DocumentBytes(string field) => If(IsOfType(field, "object"), new BsonDocument("$bsonSize", $"${field}"), 0);

    private static long Milliseconds(TimeSpan duration) =>
        (long)Math.Clamp(duration.TotalMilliseconds, -Longest.TotalMilliseconds, Longest.TotalMilliseconds);
}
