using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Expressions;

/// <summary>The names that an operator takes in its object, and the server's codes for an object that is not so.</summary>
internal sealed record NamedArguments(string[] Required, string[] Optional, int NoObject, int Unknown, int Missing)
{
    public IReadOnlyDictionary<string, BsonValue> Read(string name, BsonValue operand)
    {
        if (operand is not BsonDocument document)
        {
            throw Error(NoObject, $"{name} only supports an object as its argument, found {BsonTypes.Name(operand)}");
        }
        foreach (var field in document)
        {
            if (!Required.Contains(field.Name) && !Optional.Contains(field.Name))
            {
                throw Error(Unknown, $"Unrecognized argument to {name}: {field.Name}");
            }
        }
        foreach (var required in Required)
        {
            if (!document.Contains(required))
            {
                throw Error(Missing, $"Missing '{required}' parameter to {name}");
            }
        }
        return document.ToDictionary(field => field.Name, field => field.Value);
    }

    private static ServerException Error(int code, string message) =>
        code == 9 ? Errors.FailedToParse(message) : Errors.Location(code, message);
}
