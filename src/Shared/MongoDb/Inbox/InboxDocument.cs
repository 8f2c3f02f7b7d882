using MongoDB.Bson;
using Relaybox.Events;
using Relaybox.Inbox;

namespace Relaybox.MongoDb;

/// <summary>Inbox records as documents.</summary>
internal static class InboxDocument
{
    /// <summary>The document's id.</summary>
    internal static BsonDocument IdOf(InboxKey key) =>
        new() { { Fields.Consumer, key.Consumer }, { Fields.EventId, key.EventId }, { Fields.ReplayId, key.ReplayId } };

    internal static InboxKey KeyOf(BsonDocument document)
    {
        var id = document[Fields.Id].AsBsonDocument;
        return new InboxKey(id[Fields.Consumer].AsString, id[Fields.EventId].AsString, id[Fields.ReplayId].AsString);
    }

    /// <summary>Under what a claim's holder may write: the record is being processed under the claim's own token.</summary>
    internal static BsonDocument Held(InboxClaim.Claimed claim) => new()
    {
        { Fields.Id, IdOf(claim.Key) }, { Fields.Status, InboxStatusText.Processing }, { Fields.ClaimToken, claim.Token },
    };

    /// <summary>The same for several claims. A token belongs to one claim of one record, so that it cannot hold another's.</summary>
    internal static BsonDocument Held(IReadOnlyList<InboxClaim.Claimed> claims) => new()
    {
        { Fields.Id, Expressions.IsIn(claims.Select(claim => IdOf(claim.Key))) },
        { Fields.Status, InboxStatusText.Processing },
        { Fields.ClaimToken, Expressions.IsIn(claims.Select(claim => claim.Token)) },
    };

    /// <summary>The update that marks a record as processed. It keeps the token, so that a repeated call knows its own work.</summary>
    /// <param name="emitted">The events that the handler has emitted.</param>
    internal static BsonDocument Processed(params IReadOnlyList<OutboxEvent> emitted) => new()
    {
        {
            "$set", new BsonDocument
            {
                { Fields.Status, InboxStatusText.Processed }, { Fields.Emitted, EmittedEvents.ToText(emitted), emitted.Count > 0 },
            }
        },
        { "$currentDate", new BsonDocument(Fields.ProcessedAt, true) },
        {
            "$unset", new BsonDocument { { Fields.LeaseUntil, "" }, { Fields.FailedAt, "" }, { Fields.ErrorCode, "" }, { Fields.ErrorMessage, "" } }
        },
    };

    /// <param name="document">The record.</param>
    /// <param name="renewedUntil">Until when its lease was renewed; null: it was not.</param>
    internal static RefusedRecord ToRefused(BsonDocument document, DateTimeOffset? renewedUntil) => new(
        InboxStatusText.Parse(document.Text(Fields.Status)),
        document.Count(Fields.Deliveries),
        document.Count(Fields.Unfinished),
        document.Text(Fields.ClaimToken),
        document.Text(Fields.BegunToken),
        document.GetValue(Fields.PayloadHash, BsonNull.Value) is BsonBinaryData hash ? hash.Bytes : (ReadOnlyMemory<byte>?)null,
        Later(document.Time(Fields.LeaseUntil), renewedUntil));

    /// <inheritdoc cref="ToRefused"/>
    internal static InboxRecord ToRecord(BsonDocument document, DateTimeOffset? renewedUntil) => new(
        KeyOf(document), InboxStatusText.Parse(document.Text(Fields.Status)), document.Count(Fields.Deliveries))
    {
        Unfinished = document.Count(Fields.Unfinished),
        Subject = document.Text(Fields.Subject),
        ReceivedAt = document.Time(Fields.ReceivedAt),
        ProcessedAt = document.Time(Fields.ProcessedAt),
        FailedAt = document.Time(Fields.FailedAt),
        LeaseUntil = Later(document.Time(Fields.LeaseUntil), renewedUntil),
        Stream = document.Text(Fields.Stream),
        StreamSequence = document.GetValue(Fields.StreamSequence, BsonNull.Value) is BsonInt64 sequence ? sequence.Value : null,
        ErrorCode = document.Text(Fields.ErrorCode),
        ErrorMessage = document.Text(Fields.ErrorMessage),
        Emitted = EmittedEvents.Read(document.Text(Fields.Emitted)),
    };

    private static DateTimeOffset? Later(DateTimeOffset? lease, DateTimeOffset? renewed) => renewed > lease ? renewed : lease;
}
