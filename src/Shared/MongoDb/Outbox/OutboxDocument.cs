using MongoDB.Bson;
using Relaybox.Events;
using Relaybox.Outbox;

namespace Relaybox.MongoDb;

/// <summary>Outbox events from and to documents.</summary>
internal static class OutboxDocument
{
    /// <summary>A row that waits behind an earlier one of its key: the status under which the index of due rows does not have it.</summary>
    internal const string Waiting = "waiting";

    /// <summary>
    /// The document for a new event. What the database's clock decides is left out: a row without <c>availableAt</c> is due at once.
    /// </summary>
    /// <param name="outboxEvent">The event; it keeps the row contract.</param>
    /// <param name="orderNumber">The number that its key has given it; null where it has no key.</param>
    /// <param name="now">When it was written, where the event does not say so itself.</param>
    internal static BsonDocument Of(OutboxEvent outboxEvent, long? orderNumber, DateTimeOffset now)
    {
        var document = Of(outboxEvent, orderNumber);
        document[Fields.EnqueuedAt] = Date(outboxEvent.EnqueuedAt ?? now);
        if (outboxEvent.AvailableAt is { } availableAt)
        {
            document[Fields.AvailableAt] = Date(availableAt);
        }

        return document;
    }

    /// <summary>The stage of an update that inserts a new event by the server's clock, and leaves a document that is there as it is.</summary>
    internal static BsonDocument InsertStage(OutboxEvent outboxEvent, long? orderNumber)
    {
        BsonValue enqueuedAt = outboxEvent.EnqueuedAt is { } at ? Date(at) : Expressions.Now;
        var created = new BsonDocument("$mergeObjects", new BsonArray
        {
            Expressions.Literal(Of(outboxEvent, orderNumber)),
            new BsonDocument
            {
                { Fields.EnqueuedAt, enqueuedAt },
                { Fields.AvailableAt, outboxEvent.AvailableAt is { } availableAt ? Date(availableAt) : enqueuedAt },
            },
        });
        return new BsonDocument("$replaceWith", Expressions.If(Expressions.IsOfType(Fields.Status, "missing"), created, "$$ROOT"));
    }

    /// <summary>Reads what the app wrote, as it is; use <see cref="ReadClaim"/> where the contract has to hold.</summary>
    internal static OutboxRow ToRow(BsonDocument document)
    {
        var status = document.Text(Fields.Status);
        return new OutboxRow(ReadEvent(document), status == Waiting ? OutboxStatus.Pending : OutboxStatusText.Parse(status))
        {
            Attempts = document.Count(Fields.Attempts),
            Token = TokenOf(document, document.Text(Fields.ClaimToken)),
            ClaimedAt = document.Time(Fields.ClaimedAt),
            DueAt = status switch
            {
                OutboxStatusText.Pending or Waiting => document.Time(Fields.AvailableAt) ?? document.Time(Fields.EnqueuedAt),
                OutboxStatusText.Publishing => document.Time(Fields.LeaseUntil),
                _ => null,
            },
            SentAt = document.Time(Fields.SentAt),
            FailedAt = document.Time(Fields.FailedAt),
            ShelvedAt = document.Time(Fields.ShelvedAt),
            SkippedAt = document.Time(Fields.SkippedAt),
            ErrorCode = document.Text(Fields.ErrorCode),
            ErrorMessage = document.Text(Fields.ErrorMessage),
        };
    }

    /// <summary>Reads a claimed row, checked against the contract, so that a bad one is parked and not guessed at.</summary>
    /// <param name="document">The row, read by <see cref="OutboxProjection"/>.</param>
    /// <param name="token">The claim's token.</param>
    /// <param name="limit">What the claim takes.</param>
    /// <param name="unfinished">How many earlier claims have no outcome.</param>
    internal static OutboxClaim ReadClaim(BsonDocument document, string token, ClaimLimit limit, int unfinished)
    {
        var row = ReadEvent(document);
        var bytes = OutboxProjection.BytesOf(document);
        var violation = OutboxClaim.CheckWeight(limit, bytes, unfinished) ?? OutboxProjection.CheckTypes(document) ?? RowContract.Check(row);
        return new OutboxClaim(row.EventId, TokenOf(document, token), document.Count(Fields.Attempts))
        {
            Event = violation is null ? row : null,
            OrderingKey = row.OrderingKey,
            Bytes = bytes,
            Unfinished = unfinished,
            Violation = violation,
        };
    }

    /// <summary>The place of a row in its key; null where it has none.</summary>
    internal static long? NumberOf(BsonDocument document) =>
        document.Text(Fields.OrderingKey) is null ? null : document.GetValue(Fields.OrderNumber, BsonNull.Value) switch
        {
            BsonInt32 number => number.Value,
            BsonInt64 number => number.Value,
            BsonDouble { Value: >= 1 and < 9e15 } number when Math.Floor(number.Value) == number.Value => (long)number.Value,
            _ => null,
        };

    private static ClaimToken TokenOf(BsonDocument document, string? token) => new(token, token is null ? 0 : NumberOf(document) ?? 0);

    private static BsonDocument Of(OutboxEvent outboxEvent, long? orderNumber)
    {
        var document = new BsonDocument
        {
            { Fields.Id, outboxEvent.EventId },
            { Fields.Subject, outboxEvent.Subject },
            { Fields.Payload, outboxEvent.Payload },
            { Fields.Status, OutboxStatusText.Pending },
        };
        if (outboxEvent.Headers.Count > 0)
        {
            document[Fields.Headers] = new BsonDocument(
                outboxEvent.Headers.Select(header => new BsonElement(header.Key, header.Value)));
        }

        if (outboxEvent.OrderingKey is { } key)
        {
            document[Fields.OrderingKey] = key;
            document[Fields.OrderNumber] = orderNumber;
        }

        if (outboxEvent.Result is { } result)
        {
            document[Fields.Result] = result;
        }

        return document;
    }

    private static OutboxEvent ReadEvent(BsonDocument document)
    {
        var (enqueuedAt, availableAt) = (document.Time(Fields.EnqueuedAt), document.Time(Fields.AvailableAt));
        return new OutboxEvent
        {
            EventId = document.Text(Fields.Id) ?? "",
            Subject = document.Text(Fields.Subject) ?? "",
            Payload = document.Text(Fields.Payload) ?? "",
            Headers = document.GetValue(Fields.Headers, BsonNull.Value) is BsonDocument headers ? ReadHeaders(headers) : OutboxEvent.EmptyHeaders,
            OrderingKey = document.Text(Fields.OrderingKey),
            Result = document.Text(Fields.Result),
            EnqueuedAt = enqueuedAt,
            AvailableAt = availableAt == enqueuedAt ? null : availableAt,
        };
    }

    // A value that is no text becomes one that the contract refuses.
    private static Dictionary<string, string> ReadHeaders(BsonDocument headers)
    {
        var read = new Dictionary<string, string>(headers.ElementCount, StringComparer.Ordinal);
        foreach (var header in headers)
        {
            read[header.Name] = header.Value is BsonString text ? text.Value : "\0";
        }

        return read;
    }

    private static BsonDateTime Date(DateTimeOffset time) => new(time.ToUnixTimeMilliseconds());
}
