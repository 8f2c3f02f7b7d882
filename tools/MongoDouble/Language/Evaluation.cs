using MongoDB.Bson;

namespace Relaybox.MongoDouble.Language;

/// <summary>What a command fixes for all the documents that it reads or writes.</summary>
/// <param name="Now">The time of <c>$$NOW</c> and <c>$currentDate</c>, in UTC.</param>
internal sealed record Evaluation(DateTime Now)
{
    /// <summary>What <c>$currentDate</c> writes as a timestamp; by default the first one of the second of <see cref="Now"/>.</summary>
    public BsonTimestamp Timestamp { get; init; } = new((int)new DateTimeOffset(Now, TimeSpan.Zero).ToUnixTimeSeconds(), 1);

    /// <summary>Where <c>$rand</c> takes its numbers from.</summary>
    public Random Random { get; init; } = new();

    /// <summary><c>$$NOW</c>: dates of BSON have milliseconds.</summary>
    public BsonDateTime NowValue => new(new DateTimeOffset(Now, TimeSpan.Zero).ToUnixTimeMilliseconds());
}
