using System.Text;
using Amazon.DynamoDBv2.Model;
using Relaybox.Events;
using Relaybox.Outbox;

namespace Relaybox.DynamoDb;

/// <summary>Outbox events from and to DynamoDB items.</summary>
internal static class OutboxItem
{
    /// <summary>The most bytes of an item, names of attributes included.</summary>
    /// <remarks>https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html</remarks>
    internal const long MaxItemBytes = 400 * 1024;

    /// <summary>The item for a new event. It enters the due index at once where the sweep alone relays, or where the event is delayed.</summary>
    internal static Dictionary<string, AttributeValue> ToItem(
        OutboxEvent outboxEvent, DynamoDbOutboxOptions options, DateTimeOffset now)
    {
        var item = new Dictionary<string, AttributeValue>(10)
        {
            [Attributes.EventId] = Values.S(outboxEvent.EventId),
            [Attributes.Subject] = Values.S(outboxEvent.Subject),
            [Attributes.Payload] = Values.S(outboxEvent.Payload),
            [Attributes.Status] = Values.S(OutboxStatusText.Pending),
            [Attributes.EnqueuedAt] = Values.Time(outboxEvent.EnqueuedAt ?? now),
        };

        if (outboxEvent.Headers.Count > 0)
        {
            item[Attributes.Headers] = new AttributeValue
            {
                M = outboxEvent.Headers.ToDictionary(header => header.Key, header => Values.S(header.Value)),
            };
        }

        if (outboxEvent.OrderingKey is { } key)
        {
            item[Attributes.OrderingKey] = Values.S(key);
        }

        if (outboxEvent.Result is { } result)
        {
            item[Attributes.Result] = Values.S(result);
        }

        if (outboxEvent.AvailableAt is { } availableAt)
        {
            item[Attributes.AvailableAt] = Values.Time(availableAt);
        }

        if (options.Trigger == RelayTrigger.Schedule || outboxEvent.AvailableAt > now)
        {
            item[Attributes.DueShard] = Values.S(DueShard.Of(outboxEvent.EventId, options.DueShards));
            item[Attributes.DueAt] = Values.Time(outboxEvent.AvailableAt ?? now);
        }

        return item;
    }

    /// <summary>Reads what the app wrote, as it is; use <see cref="ReadClaimable"/> where the contract has to hold.</summary>
    internal static OutboxRow ToRow(Dictionary<string, AttributeValue> item) => new(
        new OutboxEvent
        {
            EventId = item.GetString(Attributes.EventId) ?? "",
            Subject = item.GetString(Attributes.Subject) ?? "",
            Payload = item.GetString(Attributes.Payload) ?? "",
            Headers = ReadHeaders(item) ?? OutboxEvent.EmptyHeaders,
            OrderingKey = item.GetString(Attributes.OrderingKey),
            EnqueuedAt = item.GetTime(Attributes.EnqueuedAt),
            AvailableAt = item.GetTime(Attributes.AvailableAt),
            Result = item.GetString(Attributes.Result),
        },
        OutboxStatusText.Parse(item.GetString(Attributes.Status)))
    {
        Attempts = item.GetCount(Attributes.Attempts),
        Token = new ClaimToken(item.GetString(Attributes.ClaimToken)),
        ClaimedAt = item.GetTime(Attributes.ClaimedAt),
        DueAt = DueRow.LeaseEnd(item) ?? item.GetTime(Attributes.DueAt),
        SentAt = item.GetTime(Attributes.SentAt),
        FailedAt = item.GetTime(Attributes.FailedAt),
        ShelvedAt = item.GetTime(Attributes.ShelvedAt),
        ErrorCode = item.GetString(Attributes.ErrorCode),
        ErrorMessage = item.GetString(Attributes.ErrorMessage),
    };

    /// <summary>Reads a claimed row, checked against the contract, so that a bad one is parked and not guessed at.</summary>
    internal static OutboxClaim ReadClaimable(Dictionary<string, AttributeValue> item, ClaimToken token, ClaimLimit limit)
    {
        var row = ToRow(item);
        var (bytes, unfinished) = (BytesOf(item), item.GetCount(Attributes.Unfinished));
        var violation = OutboxClaim.CheckWeight(limit, bytes, unfinished) ?? CheckTypes(item) ?? RowContract.Check(row.Event);
        return new OutboxClaim(row.Event.EventId, token, row.Attempts)
        {
            Event = violation is null ? row.Event : null,
            Bytes = bytes,
            Unfinished = unfinished,
            Violation = violation,
        };
    }

    /// <summary>The bytes of what the app wrote, as far as it can be large.</summary>
    internal static long BytesOf(Dictionary<string, AttributeValue> item) =>
        BytesOf(item.GetString(Attributes.Payload)) + BytesOf(item.GetString(Attributes.Result))
        + (item.GetValueOrDefault(Attributes.Headers)?.M?.Sum(header => BytesOf(header.Key) + BytesOf(header.Value.S)) ?? 0);

    /// <summary>The bytes of an item as DynamoDB counts them, but for a few.</summary>
    internal static long ItemBytesOf(Dictionary<string, AttributeValue> item) =>
        item.Sum(attribute => BytesOf(attribute.Key) + attribute.Value switch
        {
            { M: { } map } => 3 + ItemBytesOf(map) + map.Count,
            { N: { } number } => (number.Length / 2) + 1,
            var value => BytesOf(value.S),
        });

    private static long BytesOf(string? text) => text is null ? 0 : Encoding.UTF8.GetByteCount(text);

    private static RowViolation? CheckTypes(Dictionary<string, AttributeValue> item)
    {
        if (item.GetString(Attributes.Payload) is null)
        {
            return new(ErrorCodes.PayloadInvalid, "The attribute 'payload' must be a string (S).");
        }

        if (item.GetString(Attributes.Subject) is null)
        {
            return new(ErrorCodes.SubjectInvalid, "The attribute 'subject' must be a string (S).");
        }

        if (IsPresent(item, Attributes.Headers) && ReadHeaders(item) is null)
        {
            return new(ErrorCodes.HeadersInvalid, "The attribute 'headers' must be a map (M) of strings (S).");
        }

        if (IsPresent(item, Attributes.OrderingKey) && item.GetString(Attributes.OrderingKey) is null)
        {
            return new(ErrorCodes.OrderingKeyInvalid, "The attribute 'orderingKey' must be a string (S).");
        }

        foreach (var name in (ReadOnlySpan<string>)[Attributes.EnqueuedAt, Attributes.AvailableAt])
        {
            if (IsPresent(item, name) && item.GetNumber(name) is null)
            {
                return new(ErrorCodes.FieldInvalid, $"The attribute '{name}' must be a whole number (N): epoch milliseconds.");
            }
        }

        if (item.GetNumber(Attributes.AvailableAt) > DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())
        {
            return new(
                ErrorCodes.FieldInvalid,
                "The attribute 'availableAt' is after the year 9999. It counts epoch milliseconds: check that it is not in micro- or nanoseconds.");
        }

        return IsPresent(item, Attributes.Result) && item.GetString(Attributes.Result) is null
            ? new(ErrorCodes.FieldInvalid, "The attribute 'result' must be a string (S) of JSON.")
            : null;
    }

    // An explicit NULL says as much as an absent attribute.
    private static bool IsPresent(Dictionary<string, AttributeValue> item, string name) =>
        item.TryGetValue(name, out var value) && value.NULL != true;

    private static Dictionary<string, string>? ReadHeaders(Dictionary<string, AttributeValue> item)
    {
        if (!item.TryGetValue(Attributes.Headers, out var value) || value.M is not { } map)
        {
            return null;
        }

        var headers = new Dictionary<string, string>(map.Count, StringComparer.Ordinal);
        foreach (var (name, header) in map)
        {
            if (header.S is null)
            {
                return null;
            }

            headers[name] = header.S;
        }

        return headers;
    }
}
