using System.Globalization;
using System.Text;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Outbox;
using StackExchange.Redis;

namespace Relaybox.Redis;

/// <summary>Outbox rows from what the server answers.</summary>
internal static class OutboxReading
{
    // A text that the contract refuses: what is not UTF-8 must not become something that nobody wrote.
    private const string NoText = "\uD800";

    private static readonly long LastTime = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    /// <summary>Reads a row as it is, or null.</summary>
    internal static OutboxRow? ReadRow(Bucket bucket, string eventId, HashEntry[] entries)
    {
        if (entries.Length == 0)
        {
            return null;
        }

        var fields = entries.ToDictionary(entry => (string)entry.Name!, entry => entry.Value, StringComparer.Ordinal);
        var status = OutboxStatusText.Parse(Text(Of(OutboxFields.Status)));
        var read = ReadEvent(
            eventId, Of(OutboxFields.OrderingKey), Of(OutboxFields.EnqueuedAt), Of(OutboxFields.AvailableAt), Of(OutboxFields.Subject),
            Of(OutboxFields.Result), Of(OutboxFields.Payload)) with
        {
            Headers = ReadHeaders(Of(OutboxFields.Headers)) ?? OutboxEvent.EmptyHeaders,
        };
        return new OutboxRow(read, status)
        {
            Attempts = Count(Of(OutboxFields.Attempts)),
            Token = Text(Of(OutboxFields.Token)) is { } token ? TokenOf(bucket, token) : default,
            ClaimedAt = Time(Of(OutboxFields.ClaimedAt)),
            DueAt = status switch
            {
                OutboxStatus.Pending => Time(Of(OutboxFields.DueAt)) ?? read.AvailableAt ?? read.EnqueuedAt,
                OutboxStatus.Publishing => Time(Of(OutboxFields.DueAt)),
                _ => null,
            },
            SentAt = Time(Of(OutboxFields.SentAt)),
            FailedAt = Time(Of(OutboxFields.FailedAt)),
            ShelvedAt = Time(Of(OutboxFields.ShelvedAt)),
            SkippedAt = Time(Of(OutboxFields.SkippedAt)),
            ErrorCode = Text(Of(OutboxFields.ErrorCode)),
            ErrorMessage = Text(Of(OutboxFields.ErrorMessage)),
        };

        RedisValue Of(string field) => fields.GetValueOrDefault(field);
    }

    /// <summary>Reads a claimed row, checked against the contract, so that a bad one is parked and not guessed at.</summary>
    /// <param name="bucket">Where it is.</param>
    /// <param name="eventId">Its id.</param>
    /// <param name="token">The claim's token.</param>
    /// <param name="limit">What the claim takes.</param>
    /// <param name="row">What <c>outbox_claim.lua</c> says of it.</param>
    internal static OutboxClaim ReadClaim(Bucket bucket, string eventId, string token, ClaimLimit limit, RedisResult[] row)
    {
        var (unfinished, bytes, key) = ((int)row[2], (long)row[3], (RedisValue)row[4]);
        var read = ReadEvent(eventId, key, (RedisValue)row[6], (RedisValue)row[7], (RedisValue)row[8], (RedisValue)row[10], (RedisValue)row[11]);
        var headers = ReadHeaders((RedisValue)row[9]);
        read = read with { Headers = headers ?? OutboxEvent.EmptyHeaders };
        var violation = OutboxClaim.CheckWeight(limit, bytes, unfinished)
            ?? (headers is null ? new RowViolation(ErrorCodes.HeadersInvalid, "The field 'headers' must be a JSON object of strings.") : null)
            ?? (!key.IsNull && row[5].IsNull
                ? new RowViolation(
                    ErrorCodes.OrderingKeyInvalid,
                    "A row with an ordering key needs the field 'seq': write it by the script outbox_insert; see docs/row-contract.md.")
                : null)
            ?? CheckTime(OutboxFields.EnqueuedAt, (RedisValue)row[6]) ?? CheckTime(OutboxFields.AvailableAt, (RedisValue)row[7])
            ?? (row[11].IsNull ? new RowViolation(ErrorCodes.PayloadInvalid, "The field 'payload' is missing.") : RowContract.Check(read));
        return new OutboxClaim(eventId, TokenOf(bucket, token), Count((RedisValue)row[1]))
        {
            Event = violation is null ? read : null,
            OrderingKey = read.OrderingKey,
            Bytes = bytes,
            Unfinished = unfinished,
            Violation = violation,
        };
    }

    private static OutboxEvent ReadEvent(
        string eventId,
        RedisValue key,
        RedisValue enqueuedAt,
        RedisValue availableAt,
        RedisValue subject,
        RedisValue result,
        RedisValue payload) => new()
    {
        EventId = eventId,
        Subject = Text(subject) ?? "",
        Payload = Text(payload) ?? "",
        OrderingKey = Text(key),
        Result = Text(result),
        EnqueuedAt = Time(enqueuedAt),
        AvailableAt = Time(availableAt),
    };

    private static RowViolation? CheckTime(string field, RedisValue value) =>
        value.IsNull || Time(value) is not null
            ? null
            : new(ErrorCodes.FieldInvalid, $"The field '{field}' must be milliseconds since 1970, before the year 10000.");

    // The token remembers the bucket, so that a mark need not look for the row.
    private static ClaimToken TokenOf(Bucket bucket, string token) => new(token, bucket.Number + 1);

    private static Dictionary<string, string>? ReadHeaders(RedisValue value)
    {
        if (value.IsNull)
        {
            return [];
        }

        try
        {
            return StringMap.Parse(Text(value)!, OutboxFields.Headers);
        }
        catch (MessageFormatException)
        {
            return null;
        }
    }

    private static DateTimeOffset? Time(RedisValue value) =>
        long.TryParse(Text(value), NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds) && milliseconds <= LastTime
            ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
            : null;

    private static int Count(RedisValue value) =>
        int.TryParse(Text(value), NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : 0;

    private static string? Text(RedisValue value)
    {
        if (value.IsNull)
        {
            return null;
        }

        try
        {
            return Utf8.Strict.GetString((byte[])value!);
        }
        catch (DecoderFallbackException)
        {
            return NoText;
        }
    }
}
