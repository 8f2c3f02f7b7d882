using MongoDB.Bson;
using Relaybox.Events;

namespace Relaybox.MongoDb;

/// <summary>
/// What is read of a row: the contract's fields where they are of their types, and the types of all. Whatever else a document holds
/// stays on the server, and so does a payload that is larger than the caller has room for.
/// </summary>
internal static class OutboxProjection
{
    // More than the contract allows of any of them, so that a longer one is told from a good one.
    private const int MaxTextBytes = 2_048;
    private const int MaxHeaderBytes = 4 * RowContract.MaxHeaderBytes;

    private const string Bytes = "bytes";
    private const string Types = "types";

    private static readonly string[] TypedFields =
    [
        Fields.Subject, Fields.Payload, Fields.Headers, Fields.OrderingKey, Fields.OrderNumber, Fields.Result, Fields.EnqueuedAt, Fields.AvailableAt,
    ];

    private static readonly BsonDocument Size = new("$add", new BsonArray
    {
        Expressions.TextBytes(Fields.Payload), Expressions.TextBytes(Fields.Result), Expressions.DocumentBytes(Fields.Headers),
    });

    // What does not depend on the room that there is, built once.
    private static readonly BsonDocument Always = CreateAlways();

    /// <summary>The projection of a find.</summary>
    /// <param name="mostBytes">Payload, headers and result are read only where they have at most so many bytes together.</param>
    internal static BsonDocument Of(long mostBytes)
    {
        var fits = AtMost(Size, mostBytes);
        return new BsonDocument
        {
            { Fields.Payload, Where(Fields.Payload, "string", fits) },
            { Fields.Result, Where(Fields.Result, "string", fits) },
            { Fields.Headers, Where(Fields.Headers, "object", AtMost(Size, Math.Max(mostBytes, MaxHeaderBytes))) },
        }.Merge(Always);
    }

    /// <summary>The projection of a find that leaves payload and result where they are, which can be large.</summary>
    internal static BsonDocument Listed() => Of(0);

    /// <summary>The bytes of a row's payload, headers and result, as the server has them.</summary>
    internal static long BytesOf(BsonDocument document) => document[Bytes].ToInt64();

    /// <summary>Whether the payload was left on the server although it is a text.</summary>
    internal static bool IsCut(BsonDocument document) => TypeOf(document, Fields.Payload) == "string" && !document.Contains(Fields.Payload);

    /// <summary>How the types of a row's fields break the contract; null: they do not.</summary>
    internal static RowViolation? CheckTypes(BsonDocument document)
    {
        if (TypeOf(document, Fields.Subject) != "string")
        {
            return new(ErrorCodes.SubjectInvalid, "The field 'subject' must be a string.");
        }

        if (TypeOf(document, Fields.Payload) != "string")
        {
            return new(ErrorCodes.PayloadInvalid, "The field 'payload' must be a string.");
        }

        if (!IsAbsentOr(document, Fields.Headers, "object")
            || (document.GetValue(Fields.Headers, BsonNull.Value) is BsonDocument headers && headers.Any(header => header.Value is not BsonString)))
        {
            return new(ErrorCodes.HeadersInvalid, "The field 'headers' must be a document of strings.");
        }

        if (!IsAbsentOr(document, Fields.OrderingKey, "string"))
        {
            return new(ErrorCodes.OrderingKeyInvalid, "The field 'orderingKey' must be a string.");
        }

        if (TypeOf(document, Fields.OrderingKey) == "string" && !document.Contains(Fields.OrderingKey))
        {
            // So long that it was not read: without this the row would be sent as one without a key.
            return new(ErrorCodes.OrderingKeyInvalid, $"The field 'orderingKey' must have at most {RowContract.MaxOrderingKeyLength} characters.");
        }

        if (document.Contains(Fields.OrderingKey) && OutboxDocument.NumberOf(document) is null or < 1)
        {
            return new(
                ErrorCodes.OrderingKeyInvalid,
                "A row with an ordering key needs the field 'orderNumber': the number that the key's counter gave it in the same transaction; "
                + "see docs/row-contract.md.");
        }

        if (!IsAbsentOr(document, Fields.Result, "string"))
        {
            return new(ErrorCodes.FieldInvalid, "The field 'result' must be a string of JSON.");
        }

        foreach (var field in (ReadOnlySpan<string>)[Fields.EnqueuedAt, Fields.AvailableAt])
        {
            if (!IsAbsentOr(document, field, "date"))
            {
                return new(ErrorCodes.FieldInvalid, $"The field '{field}' must be a date.");
            }
        }

        return null;
    }

    private static BsonDocument CreateAlways()
    {
        var projection = new BsonDocument
        {
            { Bytes, Size },
            { Types, new BsonDocument(TypedFields.Select(field => new BsonElement(field, Expressions.TypeOf(field)))) },
        };
        foreach (var field in (ReadOnlySpan<string>)[Fields.Subject, Fields.OrderingKey, Fields.Status, Fields.ClaimToken, Fields.ErrorCode])
        {
            projection[field] = Where(field, "string", AtMost(new BsonDocument("$strLenBytes", $"${field}"), MaxTextBytes));
        }

        projection[Fields.ErrorMessage] = Where(
            Fields.ErrorMessage, "string", AtMost(new BsonDocument("$strLenBytes", $"${Fields.ErrorMessage}"), MaxHeaderBytes));
        foreach (var field in (ReadOnlySpan<string>)[Fields.Attempts, Fields.Unfinished, Fields.OrderNumber])
        {
            projection[field] = Expressions.OfType(field, "int", "long", "double");
        }

        foreach (var field in (ReadOnlySpan<string>)
            [
                Fields.EnqueuedAt, Fields.AvailableAt, Fields.ClaimedAt, Fields.LeaseUntil, Fields.SentAt, Fields.FailedAt, Fields.SkippedAt,
                Fields.ShelvedAt,
            ])
        {
            projection[field] = Expressions.OfType(field, "date");
        }

        projection[Fields.Followed] = Expressions.OfType(Fields.Followed, "int", "long");
        return projection;
    }

    private static bool IsAbsentOr(BsonDocument document, string field, string type) =>
        TypeOf(document, field) is var actual && (actual == type || actual is "missing" or "null");

    private static string TypeOf(BsonDocument document, string field) => document[Types][field].AsString;

    private static BsonDocument AtMost(BsonValue value, long most) => new("$lte", new BsonArray { value, most });

    private static BsonDocument Where(string field, string type, BsonDocument condition) => Expressions.If(
        Expressions.IsOfType(field, type), Expressions.If(condition, $"${field}", Expressions.Remove), Expressions.Remove);
}
