using MongoDB.Bson;

namespace Relaybox.MongoDouble.Language;

/// <summary>The errors of the server that several parts of the language raise.</summary>
internal static class Errors
{
    public static ServerException BadValue(string message) => new(2, "BadValue", message);

    public static ServerException FailedToParse(string message) => new(9, "FailedToParse", message);

    public static ServerException TypeMismatch(string message) => new(14, "TypeMismatch", message);

    public static ServerException PathNotViable(string message) => new(28, "PathNotViable", message);

    public static ServerException Conflict(string path, string at) =>
        new(40, "ConflictingUpdateOperators", $"Updating the path '{path}' would create a conflict at '{at}'");

    public static ServerException DollarPrefixed(string message) => new(52, "DollarPrefixedFieldName", message);

    public static ServerException InvalidId(string message) => new(53, "InvalidIdField", message);

    public static ServerException EmptyName(string message) => new(56, "EmptyFieldName", message);

    public static ServerException Immutable(string message) => new(66, "ImmutableField", message);

    public static ServerException InvalidOptions(string message) => new(72, "InvalidOptions", message);

    public static ServerException UnknownExpression(string name) =>
        new(168, "InvalidPipelineOperator", $"Unrecognized expression '{name}'");

    public static ServerException Conversion(string message) => new(241, "ConversionFailure", message);

    /// <summary>An error whose number has no name of its own in the server.</summary>
    public static ServerException Location(int code, string message) => new(code, $"Location{code}", message);

    /// <summary>What the server does and the double does not: said so, under a code that the server has for the purpose.</summary>
    public static ServerException NotInDouble(string what) => new(238, "NotImplemented", $"The development double does not do {what}.");

    public static BsonDocument Document(BsonValue value, string what) =>
        value as BsonDocument ?? throw FailedToParse($"Expected an object for {what}, found {Values.BsonTypes.Name(value)}");
}
