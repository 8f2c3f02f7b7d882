using MongoDB.Bson;
using Relaybox.MongoDouble.Indexes;
using Relaybox.MongoDouble.Storage;

namespace Relaybox.MongoDouble.Commands;

/// <summary>createIndexes, dropIndexes and listIndexes.</summary>
internal static class IndexCommands
{
    private const int MaxIndexes = 64;

    public static CommandDefinition[] All { get; } =
    [
        new("createIndexes", CommandTraits.Write | CommandTraits.InTransaction, "indexes ignoreUnknownIndexOptions commitQuorum", Create)
        {
            Action = "createIndex",
        },
        new("dropIndexes", CommandTraits.Write, "index", Drop) { Action = "dropIndex" },
        new("listIndexes", CommandTraits.Read, "cursor", List) { Action = "listIndexes" },
    ];

    /// <summary>collMod on a TTL index.</summary>
    public static void ChangeExpiry(CommandContext context, StorageTransaction transaction, Collection collection, BsonDocument given)
    {
        var index = given.TryGetValue("name", out var name) ? Find(collection, name)
            : given.TryGetValue("keyPattern", out var key) ? Find(collection, key)
            : throw ServerErrors.InvalidOptions("must specify either index name or key pattern");
        if (!given.TryGetValue("expireAfterSeconds", out var seconds) || !seconds.IsNumeric)
        {
            throw ServerErrors.InvalidOptions("no expireAfterSeconds, hidden, unique, or prepareUnique field");
        }

        var definition = IndexDefinition.Restore(new BsonDocument(index.Definition.Document) { ["expireAfterSeconds"] = seconds });
        context.Store.RemoveIndex(transaction, collection, index);
        context.Store.AddIndex(transaction, collection, definition);
    }

    private static BsonDocument Create(CommandContext context)
    {
        var name = context.CollectionName();
        var definitions = context.RequiredArray("indexes").Select(index =>
        {
            var document = index as BsonDocument ?? throw ServerErrors.WrongType("createIndexes", "indexes.0", index, "object");
            Statement.CheckCollation(document, "createIndexes.indexes");
            return IndexDefinition.Parse(CollectionCommands.Without(document, "collation"));
        }).ToArray();
        if (definitions.Length == 0)
        {
            throw ServerErrors.BadValue("Must specify at least one index to create");
        }

        var answer = new BsonDocument();
        context.Define(transaction =>
        {
            answer.Clear();
            var existing = context.Store.Find(transaction, context.Database, name);
            if (context.Transaction is not null && existing is not null && !transaction.Created.ContainsKey(existing.Namespace) && existing.Count > 0)
            {
                throw new ServerException(
                    263,
                    "OperationNotSupportedInTransaction",
                    $"Cannot create new indexes on non-empty collection {existing.Namespace} in a multi-document transaction.");
            }

            var collection = existing ?? context.Store.Create(transaction, context.Database, name, []);
            var before = collection.Indexes.Count;
            foreach (var definition in definitions.Where(definition => IsNew(collection, definition)))
            {
                if (collection.Indexes.Count >= MaxIndexes)
                {
                    throw ServerErrors.CannotCreateIndex(
                        $"add index fails, too many indexes for {collection.Namespace} key:{ServerErrors.Show(definition.Key)}");
                }

                context.Store.AddIndex(transaction, collection, definition);
            }

            answer["numIndexesBefore"] = before;
            answer["numIndexesAfter"] = collection.Indexes.Count;
            answer["createdCollectionAutomatically"] = existing is null;
            if (before == collection.Indexes.Count)
            {
                answer["note"] = "all indexes already exist";
            }
        });
        return answer;
    }

    // False: it is there already.
    private static bool IsNew(Collection collection, IndexDefinition wanted)
    {
        foreach (var index in collection.Indexes.Select(index => index.Definition))
        {
            var sameKey = index.HasSameKey(wanted) && index.HasSameFilter(wanted);
            if (index.IsId && index.HasSameKey(wanted))
            {
                return false;
            }

            if (index.Name == wanted.Name)
            {
                if (!index.HasSameKey(wanted) || !index.HasSameFilter(wanted))
                {
                    throw new ServerException(
                        86,
                        "IndexKeySpecsConflict",
                        "An existing index has the same name as the requested index. When index names are not specified, they are auto generated "
                        + $"and can cause conflicts. Please refer to our documentation. Requested index: "
                        + $"{ServerErrors.Show(wanted.Document)}, existing index: {ServerErrors.Show(index.Document)}");
                }

                return index.HasSameOptions(wanted)
                    ? false
                    : throw new ServerException(
                        85,
                        "IndexOptionsConflict",
                        $"An equivalent index already exists with the same name but different options. Requested index: "
                        + $"{ServerErrors.Show(wanted.Document)}, existing index: {ServerErrors.Show(index.Document)}");
            }

            if (sameKey)
            {
                throw new ServerException(
                    85,
                    "IndexOptionsConflict",
                    index.HasSameOptions(wanted)
                        ? $"Index already exists with a different name: {index.Name}"
                        : $"An equivalent index already exists with a different name and options. Requested index: "
                            + $"{ServerErrors.Show(wanted.Document)}, existing index: {ServerErrors.Show(index.Document)}");
            }
        }

        return true;
    }

    private static CollectionIndex Find(Collection collection, BsonValue wanted) =>
        collection.Indexes.FirstOrDefault(index => wanted switch
        {
            BsonString name => index.Definition.Name == name.Value,
            BsonDocument key => index.Definition.Fields.SequenceEqual(key.Names)
                && index.Definition.Directions.SequenceEqual(key.Values.Select(value => value.ToDouble() < 0 ? -1 : 1)),
            _ => throw ServerErrors.TypeMismatch("an index is named by a string or by its key"),
        }) ?? throw ServerErrors.IndexNotFound(
            wanted is BsonString text ? $"index not found with name [{text.Value}]" : $"can't find index with key: {ServerErrors.Show(wanted)}");

    private static BsonDocument Drop(CommandContext context)
    {
        var name = context.CollectionName();
        var wanted = context.Command.GetValue("index", BsonNull.Value);
        var answer = new BsonDocument();
        context.Define(transaction =>
        {
            var collection = context.Store.Find(transaction, context.Database, name)
                ?? throw ServerErrors.NamespaceNotFound($"ns not found {context.Database}.{name}");
            answer["nIndexesWas"] = collection.Indexes.Count;
            CollectionIndex[] dropped = wanted switch
            {
                BsonString { Value: "*" } => [.. collection.Indexes.Skip(1)],
                BsonArray names => [.. names.Select(each => Find(collection, each))],
                BsonNull => throw ServerErrors.Missing("dropIndexes", "index"),
                _ => [Find(collection, wanted)],
            };
            if (dropped.Contains(collection.IdIndex))
            {
                throw ServerErrors.InvalidOptions("cannot drop _id index");
            }

            Array.ForEach(dropped, index => context.Store.RemoveIndex(transaction, collection, index));
        });
        return answer;
    }

    private static BsonDocument List(CommandContext context)
    {
        var name = context.CollectionName();
        var collection = context.Store.Find(context.Reader(), context.Database, name)
            ?? throw ServerErrors.NamespaceNotFound($"ns does not exist: {context.Database}.{name}");
        return context.Server.Cursors.Open(
            context, $"{name}", new DocumentSource([.. collection.Indexes.Select(index => index.Definition.Document)]), null);
    }
}
