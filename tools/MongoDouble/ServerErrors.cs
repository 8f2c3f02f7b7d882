using MongoDB.Bson;

namespace Relaybox.MongoDouble;

/// <summary>The server's errors, by its own numbers and names.</summary>
internal static class ServerErrors
{
    public const string TransientTransactionError = "TransientTransactionError";
    public const string RetryableWriteError = "RetryableWriteError";

    public static ServerException BadValue(string message) => new(2, "BadValue", message);

    public static ServerException FailedToParse(string message) => new(9, "FailedToParse", message);

    public static ServerException Unauthorized(string message) => new(13, "Unauthorized", message);

    public static ServerException TypeMismatch(string message) => new(14, "TypeMismatch", message);

    public static ServerException AuthenticationFailed() => new(18, "AuthenticationFailed", "Authentication failed.");

    public static ServerException IllegalOperation(string message) => new(20, "IllegalOperation", message);

    public static ServerException NamespaceNotFound(string message) => new(26, "NamespaceNotFound", message);

    public static ServerException IndexNotFound(string message) => new(27, "IndexNotFound", message);

    public static ServerException CursorNotFound(long id) => new(43, "CursorNotFound", $"cursor id {id} not found");

    public static ServerException MaxTimeExpired() => new(50, "MaxTimeMSExpired", "operation exceeded time limit");

    public static ServerException CannotCreateIndex(string message) => new(67, "CannotCreateIndex", message);

    public static ServerException InvalidOptions(string message) => new(72, "InvalidOptions", message);

    public static ServerException InvalidNamespace(string message) => new(73, "InvalidNamespace", message);

    /// <summary>The label is added where the error meets a transaction.</summary>
    public static ServerException WriteConflict() => new(
        112,
        "WriteConflict",
        "Caused by :: Write conflict during plan execution and yielding is disabled. :: Please retry your operation or multi-document transaction.");

    public static ServerException NoSuchTransaction(string message) => new(251, "NoSuchTransaction", message);

    public static ServerException NotWritablePrimary() => new(10107, "NotWritablePrimary", "not primary");

    public static ServerException Missing(string command, string field) =>
        new(40414, "Location40414", $"BSON field '{command}.{field}' is missing but a required field");

    public static ServerException UnknownField(string command, string field) =>
        new(40415, "Location40415", $"BSON field '{command}.{field}' is an unknown field.");

    public static ServerException WrongType(string command, string field, BsonValue value, string expected) => TypeMismatch(
        $"BSON field '{command}.{field}' is the wrong type '{TypeName(value.BsonType)}', expected type"
        + (expected.Contains(',', StringComparison.Ordinal) ? $"s '[{expected}]'" : $" '{expected}'"));

    /// <summary>A value as messages show it.</summary>
    public static string Show(BsonValue value) => Language.Values.Text.Of(value);

    /// <summary>The server's name of a type, as <c>$type</c> takes it.</summary>
    public static string TypeName(BsonType type) => type switch
    {
        BsonType.Double => "double",
        BsonType.String => "string",
        BsonType.Document => "object",
        BsonType.Array => "array",
        BsonType.Binary => "binData",
        BsonType.Undefined => "undefined",
        BsonType.ObjectId => "objectId",
        BsonType.Boolean => "bool",
        BsonType.DateTime => "date",
        BsonType.Null => "null",
        BsonType.RegularExpression => "regex",
        BsonType.JavaScript => "javascript",
        BsonType.Symbol => "symbol",
        BsonType.Int32 => "int",
        BsonType.Timestamp => "timestamp",
        BsonType.Int64 => "long",
        BsonType.Decimal128 => "decimal",
        BsonType.MinKey => "minKey",
        BsonType.MaxKey => "maxKey",
        _ => "missing",
    };
}
