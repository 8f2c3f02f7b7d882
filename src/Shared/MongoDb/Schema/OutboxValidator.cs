using MongoDB.Bson;

namespace Relaybox.MongoDb;

/// <summary>The row contract as the server checks it: what an app writes otherwise is refused at once, instead of being parked later.</summary>
internal static class OutboxValidator
{
    /// <summary>The schema of a row; see docs/row-contract.md.</summary>
    internal static BsonDocument Schema { get; } = BsonDocument.Parse(
        """
        {
          "bsonType": "object",
          "title": "A Relaybox outbox row",
          "required": ["_id", "subject", "payload", "status"],
          "properties": {
            "_id": { "bsonType": "string", "minLength": 1, "maxLength": 255, "description": "the event id" },
            "subject": {
              "bsonType": "string", "minLength": 1, "maxLength": 255, "pattern": "^[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*$",
              "description": "dot-separated tokens of letters, digits, '-' and '_'"
            },
            "payload": { "bsonType": "string", "description": "text, JSON by default" },
            "status": { "bsonType": "string" },
            "headers": { "bsonType": ["object", "null"], "maxProperties": 64, "additionalProperties": { "bsonType": "string" } },
            "orderingKey": { "bsonType": ["string", "null"], "minLength": 1, "maxLength": 255 },
            "orderNumber": { "bsonType": ["int", "long", "double"], "minimum": 1, "description": "given by the key's counter; never null" },
            "result": { "bsonType": ["string", "null"], "description": "JSON" },
            "enqueuedAt": { "bsonType": ["date", "null"] },
            "availableAt": { "bsonType": ["date", "null"] }
          }
        }
        """);
}
