using MongoDB.Bson;

namespace Relaybox.MongoDouble.Commands;

/// <summary>A result that was complete when the cursor was opened.</summary>
internal sealed class DocumentSource(IReadOnlyList<BsonDocument> documents) : CursorSource
{
    private int _position;

    public override bool IsExhausted => !HasNext;

    public override bool HasNext => _position < documents.Count;

    protected override BsonDocument Next() => documents[_position++];

    protected override void Return(BsonDocument document) => _position--;
}
