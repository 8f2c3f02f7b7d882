using MongoDB.Bson;
using Relaybox.Outbox;

namespace Relaybox.MongoDb;

/// <summary>A row that a claim may take, as it was found.</summary>
/// <param name="Document">What was read of it.</param>
/// <param name="IsEnded">Whether it is claimed, and that claim's lease has ended.</param>
internal sealed record Candidate(BsonDocument Document, bool IsEnded)
{
    internal string EventId { get; } = Document[Fields.Id].AsString;

    /// <summary>The row's key; null where it has none, or none that gives it a place.</summary>
    internal string? Key { get; } = OutboxDocument.NumberOf(Document) is null ? null : Document.Text(Fields.OrderingKey);

    /// <summary>Its place in the key.</summary>
    internal long Number { get; } = OutboxDocument.NumberOf(Document) ?? 0;

    internal long Bytes { get; } = OutboxProjection.BytesOf(Document);

    /// <summary>How many earlier claims have no outcome.</summary>
    internal int Unfinished { get; } = Document.Count(Fields.Unfinished);

    /// <summary>Whether later rows of its key wait for it.</summary>
    internal bool IsFollowed { get; } = Document.Contains(Fields.Followed);
}
