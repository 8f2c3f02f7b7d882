using MongoDB.Bson;
using Relaybox.MongoDouble.Language;

namespace Relaybox.MongoDouble.Indexes;

/// <summary>The keys that a document has in an index; several where a field is an array.</summary>
internal static class KeyExtractor
{
    private static readonly ValueOrder Order = ValueOrder.Instance;

    /// <exception cref="ServerException">Two fields of the index are arrays.</exception>
    public static List<BsonValue[]> Keys(BsonDocument document, IndexDefinition definition)
    {
        var fields = definition.Fields;
        var columns = new List<BsonValue>[fields.Length];
        int? arrayField = null;
        var missing = 0;
        for (var i = 0; i < fields.Length; i++)
        {
            var values = new List<BsonValue>(1);
            var isArray = Collect(document, fields[i], 0, values, fills: true);
            if (values.Count == 0)
            {
                missing++;
                values.Add(BsonNull.Value);
            }

            if (isArray && arrayField is { } other && Root(fields[other]) != Root(fields[i]))
            {
                throw new ServerException(
                    171, "CannotIndexParallelArrays", $"cannot index parallel arrays [{fields[i]}] [{fields[other]}]");
            }

            arrayField = isArray ? i : arrayField;
            columns[i] = values;
        }

        if (definition.IsSparse && missing == fields.Length)
        {
            return [];
        }

        var keys = new List<BsonValue[]>();
        Combine(columns, 0, new BsonValue[fields.Length], keys);
        return keys;
    }

    /// <summary>The values of a field, those of arrays one by one; for <c>distinct</c>.</summary>
    public static List<BsonValue> Values(BsonDocument document, string path)
    {
        var values = new List<BsonValue>(1);
        Collect(document, path, 0, values, fills: false);
        values.RemoveAll(value => value is BsonUndefined);
        return values;
    }

    private static string Root(string path) => path.IndexOf('.') is > 0 and var dot ? path[..dot] : path;

    // Returns whether an array was met on the way. Adds nothing where the path is missing, and null where that is wanted for an array's element.
    private static bool Collect(BsonDocument document, string path, int start, List<BsonValue> values, bool fills)
    {
        var dot = path.IndexOf('.', start);
        var name = dot < 0 ? path[start..] : path[start..dot];
        if (!document.TryGetValue(name, out var value))
        {
            return false;
        }

        if (dot < 0)
        {
            if (value is not BsonArray array)
            {
                values.Add(value);
                return false;
            }

            // An empty array is indexed as undefined.
            values.AddRange(array.Count == 0 ? [BsonUndefined.Value] : array.Distinct(Order));
            return true;
        }

        switch (value)
        {
            case BsonDocument inner:
                return Collect(inner, path, dot + 1, values, fills);
            case BsonArray array:
                foreach (var element in array)
                {
                    if (element is BsonDocument item)
                    {
                        var before = values.Count;
                        Collect(item, path, dot + 1, values, fills);
                        if (fills && values.Count == before)
                        {
                            values.Add(BsonNull.Value);
                        }
                    }
                }

                return true;
            default:
                return false;
        }
    }

    private static void Combine(List<BsonValue>[] columns, int field, BsonValue[] key, List<BsonValue[]> keys)
    {
        if (field == columns.Length)
        {
            keys.Add([.. key]);
            return;
        }

        foreach (var value in columns[field])
        {
            key[field] = value;
            Combine(columns, field + 1, key, keys);
        }
    }
}
