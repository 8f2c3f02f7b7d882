using System.Globalization;
using Relaybox.Inbox;
using StackExchange.Redis;

namespace Relaybox.Redis;

/// <summary>Inbox records as hashes. Times are milliseconds since 1970, by the server's clock.</summary>
internal static class InboxFields
{
    internal const string Status = "status";
    internal const string ClaimToken = "claimToken";
    internal const string ProcessedAt = "processedAt";
    internal const string FailedAt = "failedAt";

    private const string Deliveries = "deliveries";
    private const string Unfinished = "unfinished";
    private const string LeaseUntil = "leaseUntil";

    /// <summary>A record in the answer of a claim.</summary>
    /// <param name="fields">The fields, in the order of the script's answer.</param>
    internal static RefusedRecord ToRefused(RedisValue[] fields) => new(
        InboxStatusText.Parse(fields[0]),
        Count(fields[1]),
        Count(fields[2]),
        fields[3],
        fields[4],
        fields[5].IsNull ? null : (ReadOnlyMemory<byte>?)fields[5],
        Time(fields[6]));

    internal static InboxRecord ToRecord(InboxKey key, HashEntry[] hash)
    {
        var fields = hash.ToDictionary(entry => (string)entry.Name!, entry => entry.Value, StringComparer.Ordinal);
        return new InboxRecord(key, InboxStatusText.Parse(Field(Status)), Count(Field(Deliveries)))
        {
            Unfinished = Count(Field(Unfinished)),
            Subject = Field("subject"),
            ReceivedAt = Time(Field("receivedAt")),
            ProcessedAt = Time(Field(ProcessedAt)),
            FailedAt = Time(Field(FailedAt)),
            LeaseUntil = Time(Field(LeaseUntil)),
            Stream = Field("stream"),
            StreamSequence = Number(Field("streamSequence")),
            ErrorCode = Field("errorCode"),
            ErrorMessage = Field("errorMessage"),
            Emitted = EmittedEvents.Read(Field("emitted")),
        };

        RedisValue Field(string name) => fields.GetValueOrDefault(name, RedisValue.Null);
    }

    /// <summary>A number of the server's milliseconds as a time.</summary>
    internal static DateTimeOffset? Time(RedisValue value) =>
        Number(value) is { } milliseconds ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : null;

    private static int Count(RedisValue value) => (int)Math.Clamp(Number(value) ?? 0, int.MinValue, int.MaxValue);

    private static long? Number(RedisValue value) =>
        long.TryParse((string?)value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;
}
