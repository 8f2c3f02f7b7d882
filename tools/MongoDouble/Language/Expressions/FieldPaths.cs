using MongoDB.Bson;

namespace Relaybox.MongoDouble.Language.Expressions;

/// <summary>Field paths of expressions and stages: dotted, through documents and, element by element, through arrays.</summary>
internal static class FieldPaths
{
    /// <summary>The components of a path, which the server wants to be neither empty nor to begin with a dollar.</summary>
    public static string[] Split(string path)
    {
        if (path.Length == 0)
        {
            throw Errors.Location(40352, "FieldPath cannot be constructed with empty string");
        }
        if (path.EndsWith('.'))
        {
            throw Errors.Location(40353, $"FieldPath must not end with a '.', but found '{path}'.");
        }
        var components = path.Split('.');
        foreach (var component in components)
        {
            if (component.Length == 0)
            {
                throw Errors.Location(15998, $"FieldPath field names may not be empty strings, but found '{path}'.");
            }
            if (component[0] == '$')
            {
                throw Errors.Location(
                    16410, $"FieldPath field names may not start with '$', but found '{component}'. Consider using $getField or $setField.");
            }
            if (component.Contains('\0', StringComparison.Ordinal))
            {
                throw Errors.Location(16411, "FieldPath field names may not contain '\\0'.");
            }
        }
        return components;
    }

    public static BsonValue? Get(BsonValue? value, string[] path, int index = 0)
    {
        for (; index < path.Length; index++)
        {
            if (value is BsonArray array)
            {
                return Each(array, path, index);
            }
            if (value is not BsonDocument document || !document.TryGetValue(path[index], out value))
            {
                return null;
            }
        }
        return value;
    }

    private static BsonArray Each(BsonArray array, string[] path, int index)
    {
        var found = new BsonArray();
        foreach (var item in array)
        {
            if (item is BsonDocument && Get(item, path, index) is { } value)
            {
                found.Add(value);
            }
        }
        return found;
    }
}
