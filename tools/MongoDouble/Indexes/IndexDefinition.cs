using MongoDB.Bson;
using Relaybox.MongoDouble.Language;

namespace Relaybox.MongoDouble.Indexes;

/// <summary>What <c>createIndexes</c> says of an index.</summary>
internal sealed class IndexDefinition
{
    public const int MaxFields = 32;

    private static readonly HashSet<string> KnownOptions = new(StringComparer.Ordinal)
    {
        "v", "key", "name", "unique", "sparse", "partialFilterExpression", "expireAfterSeconds", "background", "hidden", "ns",
    };

    private IndexDefinition(BsonDocument document)
    {
        Document = document;
        Fields = [.. document["key"].AsBsonDocument.Names];
        Directions = [.. document["key"].AsBsonDocument.Values.Select(value => value.ToDouble() < 0 ? -1 : 1)];
        Filter = document.TryGetValue("partialFilterExpression", out var filter) ? Filter.Parse(filter.AsBsonDocument) : null;
    }

    public static IndexDefinition Id { get; } = new(new BsonDocument { { "v", 2 }, { "key", new BsonDocument("_id", 1) }, { "name", "_id_" } });

    /// <summary>As <c>listIndexes</c> shows it.</summary>
    public BsonDocument Document { get; }

    public string[] Fields { get; }

    public int[] Directions { get; }

    public Filter? Filter { get; }

    public BsonDocument? FilterDocument => Document.TryGetValue("partialFilterExpression", out var filter) ? filter.AsBsonDocument : null;

    public string Name => Document["name"].AsString;

    public BsonDocument Key => Document["key"].AsBsonDocument;

    public bool IsId => Fields is ["_id"];

    public bool IsUnique => IsId || Document.GetValue("unique", false).ToBoolean();

    public bool IsSparse => Document.GetValue("sparse", false).ToBoolean();

    /// <summary>TTL: how old a date may become.</summary>
    public double? ExpireAfterSeconds => Document.TryGetValue("expireAfterSeconds", out var seconds) ? seconds.ToDouble() : null;

    /// <summary>An index as the journal holds it.</summary>
    public static IndexDefinition Restore(BsonDocument document) => new(document);

    /// <exception cref="ServerException">The server would refuse it.</exception>
    public static IndexDefinition Parse(BsonDocument given)
    {
        foreach (var name in given.Names.Where(name => !KnownOptions.Contains(name)))
        {
            throw new ServerException(
                197,
                "InvalidIndexSpecificationOption",
                $"The field '{name}' is not valid for an index specification. Specification: {ServerErrors.Show(given)}");
        }

        if (given.GetValue("key", BsonNull.Value) is not BsonDocument key)
        {
            throw ServerErrors.FailedToParse("The 'key' field is a required property of an index specification");
        }

        if (!given.Contains("name"))
        {
            throw ServerErrors.FailedToParse("The 'name' field is a required property of an index specification");
        }

        CheckKey(key);
        CheckOptions(given, key);
        var document = new BsonDocument { { "v", 2 }, { "key", key }, { "name", given["name"].AsString } };
        if (given.GetValue("unique", false).ToBoolean())
        {
            document["unique"] = true;
        }

        if (given.GetValue("sparse", false).ToBoolean())
        {
            document["sparse"] = true;
        }

        foreach (var name in new[] { "partialFilterExpression", "expireAfterSeconds" }.Where(given.Contains))
        {
            document[name] = given[name];
        }

        return new IndexDefinition(document);
    }

    /// <summary>Whether two definitions differ in nothing but the name.</summary>
    public bool HasSameOptions(IndexDefinition other) =>
        IsUnique == other.IsUnique && IsSparse == other.IsSparse && HasSameFilter(other)
        && Nullable.Equals(ExpireAfterSeconds, other.ExpireAfterSeconds);

    public bool HasSameKey(IndexDefinition other) => Fields.SequenceEqual(other.Fields) && Directions.SequenceEqual(other.Directions);

    public bool HasSameFilter(IndexDefinition other) => Equals(FilterDocument, other.FilterDocument);

    private static void CheckKey(BsonDocument key)
    {
        if (key.ElementCount == 0)
        {
            throw ServerErrors.CannotCreateIndex("Index keys cannot be an empty object");
        }

        if (key.ElementCount > MaxFields)
        {
            throw new ServerException(13103, "Location13103", "too many compound keys");
        }

        foreach (var element in key)
        {
            if (element.Value.IsString)
            {
                throw ServerErrors.CannotCreateIndex($"Unknown index plugin '{element.Value.AsString}'");
            }

            if (!element.Value.IsNumeric || element.Value.ToDouble() == 0)
            {
                throw ServerErrors.CannotCreateIndex(
                    "Values in v:2 index key pattern cannot be of this kind. Only numbers > 0, numbers < 0, and strings are allowed.");
            }

            if (element.Name.Length == 0 || element.Name.Split('.').Any(part => part.Length == 0 || part[0] == '$'))
            {
                throw ServerErrors.CannotCreateIndex(
                    element.Name.Contains("$**", StringComparison.Ordinal)
                        ? "wildcard indexes are not supported by the double"
                        : "Index key contains an illegal field name");
            }
        }
    }

    private static void CheckOptions(BsonDocument given, BsonDocument key)
    {
        if (given.TryGetValue("partialFilterExpression", out var filter))
        {
            if (filter is not BsonDocument partial)
            {
                throw ServerErrors.TypeMismatch("The field 'partialFilterExpression' must be an object");
            }

            if (given.GetValue("sparse", false).ToBoolean())
            {
                throw ServerErrors.CannotCreateIndex("cannot mix \"partialFilterExpression\" and \"sparse\" options");
            }

            CheckPartialFilter(partial);
        }

        if (!given.TryGetValue("expireAfterSeconds", out var seconds))
        {
            return;
        }

        if (!seconds.IsNumeric)
        {
            throw ServerErrors.TypeMismatch("TTL index 'expireAfterSeconds' option must be numeric");
        }

        if (seconds.ToDouble() is < 0 or > int.MaxValue)
        {
            throw ServerErrors.CannotCreateIndex("TTL index 'expireAfterSeconds' must be within the range 0 to 2147483647");
        }

        if (key.ElementCount > 1)
        {
            throw ServerErrors.CannotCreateIndex("TTL indexes are single-field indexes, compound indexes do not support TTL.");
        }
    }

    // The operators that the manual allows in a partial filter.
    private static void CheckPartialFilter(BsonDocument filter)
    {
        foreach (var element in filter)
        {
            if (element.Name is "$and" or "$or")
            {
                foreach (var part in element.Value.AsBsonArray)
                {
                    CheckPartialFilter(part.AsBsonDocument);
                }

                continue;
            }

            var operators = element.Value is BsonDocument { ElementCount: > 0 } document && document.GetElement(0).Name.StartsWith('$')
                ? document.Names
                : [];
            var refused = element.Name.StartsWith('$')
                ? element.Name
                : operators.FirstOrDefault(name => name is not ("$eq" or "$exists" or "$gt" or "$gte" or "$lt" or "$lte" or "$type" or "$in"));
            if (refused is not null)
            {
                throw ServerErrors.CannotCreateIndex($"Expression not supported in partial index: {refused}");
            }
        }
    }
}
