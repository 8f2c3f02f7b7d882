using MongoDB.Bson;

namespace Relaybox.MongoDb;

/// <summary>Reads fields that somebody else may have written: what is not of its type is as if it were not there.</summary>
internal static class DocumentReading
{
    internal static string? Text(this BsonDocument document, string field) =>
        document.TryGetValue(field, out var value) && value is BsonString text ? text.Value : null;

    /// <summary>A count; zero: the field is missing, or holds no number.</summary>
    internal static int Count(this BsonDocument document, string field) => document.TryGetValue(field, out var value) ? value switch
    {
        BsonInt32 number => number.Value,
        BsonInt64 { Value: >= int.MinValue and <= int.MaxValue } number => (int)number.Value,
        _ => 0,
    } : 0;

    /// <summary>A time, cut to the calendar's first or last moment where it is outside.</summary>
    internal static DateTimeOffset? Time(this BsonDocument document, string field) =>
        document.TryGetValue(field, out var value) && value is BsonDateTime time
            ? DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(
                time.MillisecondsSinceEpoch, DateTimeOffset.MinValue.ToUnixTimeMilliseconds(), DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()))
            : null;
}
