using System.Globalization;
using MongoDB.Bson;

namespace Relaybox.MongoDouble.Language.Filters;

/// <summary>
/// Finds the values at a dotted path as filters see them: through the elements of arrays, or one of them where the path has its number.
/// </summary>
internal static class PathWalk
{
    public static bool Any(BsonDocument document, string[] path, Predicate predicate, Evaluation evaluation, int index = 0)
    {
        if (!document.TryGetValue(path[index], out var value))
        {
            return predicate.Holds(null, evaluation);
        }
        if (index == path.Length - 1)
        {
            return AtLeaf(value, predicate, evaluation);
        }
        return value switch
        {
            BsonDocument inner => Any(inner, path, predicate, evaluation, index + 1),
            BsonArray array => AnyElement(array, path, predicate, evaluation, index + 1),
            _ => predicate.Holds(null, evaluation),
        };
    }

    private static bool AnyElement(BsonArray array, string[] path, Predicate predicate, Evaluation evaluation, int index)
    {
        foreach (var item in array)
        {
            if (item is BsonDocument document && Any(document, path, predicate, evaluation, index))
            {
                return true;
            }
        }
        if (!TryIndex(path[index], out var at) || at >= array.Count)
        {
            return false;
        }
        if (index == path.Length - 1)
        {
            return AtLeaf(array[at], predicate, evaluation);
        }
        return array[at] switch
        {
            BsonDocument inner => Any(inner, path, predicate, evaluation, index + 1),
            BsonArray inner => AnyElement(inner, path, predicate, evaluation, index + 1),
            _ => false,
        };
    }

    /// <summary>The position that a component of a path names: digits without a leading zero.</summary>
    public static bool TryIndex(string component, out int index) =>
        int.TryParse(component, NumberStyles.None, CultureInfo.InvariantCulture, out index) && (component.Length == 1 || component[0] != '0');

    private static bool AtLeaf(BsonValue value, Predicate predicate, Evaluation evaluation)
    {
        if (predicate.SeesElements && value is BsonArray array)
        {
            foreach (var item in array)
            {
                if (predicate.Holds(item, evaluation))
                {
                    return true;
                }
            }
        }
        return predicate.Holds(value, evaluation);
    }
}
