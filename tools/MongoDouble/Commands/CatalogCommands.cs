using MongoDB.Bson;
using Relaybox.MongoDouble.Indexes;
using Relaybox.MongoDouble.Language;
using Relaybox.MongoDouble.Storage;

namespace Relaybox.MongoDouble.Commands;

/// <summary>listCollections, listDatabases and the figures of collections.</summary>
internal static class CatalogCommands
{
    public static CommandDefinition[] All { get; } =
    [
        new("listCollections", CommandTraits.Read, "filter nameOnly cursor authorizedCollections", ListCollections),
        new("listDatabases", CommandTraits.Read | CommandTraits.AdminOnly, "filter nameOnly authorizedDatabases", ListDatabases),
        new("collStats", CommandTraits.Read, "scale", CollStats) { Action = "collStats" },
        new("dbStats", CommandTraits.Read, "scale freeStorage", DbStats) { Action = "dbStats" },
    ];

    public static IEnumerable<BsonDocument> CollectionStatistics(CommandContext context, string name)
    {
        var collection = context.Store.Find(context.Reader(), context.Database, name)
            ?? throw ServerErrors.NamespaceNotFound(
                $"Unable to retrieve storageStats in $collStats stage :: caused by :: Collection [{context.Database}.{name}] not found.");
        return
        [
            new BsonDocument
            {
                { "ns", collection.Namespace },
                { "localTime", context.Evaluation.Now },
                { "storageStats", Figures(context, collection) },
                { "count", collection.Count },
            },
        ];
    }

    public static IEnumerable<BsonDocument> IndexStatistics(CommandContext context, string name) =>
        context.Store.Find(context.Reader(), context.Database, name)?.Indexes.Select(index => new BsonDocument
        {
            { "name", index.Definition.Name }, { "key", index.Definition.Key }, { "spec", index.Definition.Document },
        }) ?? [];

    private static BsonDocument Figures(CommandContext context, Collection? collection)
    {
        var documents = collection?.Scan(context.Reader()).Select(pair => (long)BsonSize.Of(pair.Document)).ToArray() ?? [];
        return new BsonDocument
        {
            { "size", documents.Sum() },
            { "count", documents.LongLength },
            { "avgObjSize", documents.Length == 0 ? 0L : documents.Sum() / documents.LongLength },
            { "storageSize", documents.Sum() },
            { "nindexes", collection?.Indexes.Count ?? 0 },
            { "totalIndexSize", 0L },
            { "indexSizes", new BsonDocument(collection?.Indexes.Select(index => new BsonElement(index.Definition.Name, 0L)) ?? []) },
        };
    }

    private static BsonDocument CollStats(CommandContext context)
    {
        var name = context.CollectionName();
        return new BsonDocument("ns", $"{context.Database}.{name}").Merge(
            Figures(context, context.Store.Find(context.Reader(), context.Database, name)));
    }

    private static BsonDocument DbStats(CommandContext context)
    {
        var collections = context.Store.Collections.Where(collection => collection.Database == context.Database).ToArray();
        return new BsonDocument
        {
            { "db", context.Database },
            { "collections", collections.LongLength },
            { "objects", collections.Sum(collection => collection.Count) },
            { "indexes", collections.Sum(collection => collection.Indexes.LongCount()) },
        };
    }

    private static BsonDocument ListCollections(CommandContext context)
    {
        var nameOnly = context.Flag("nameOnly");
        var authorizedOnly = nameOnly && context.Flag("authorizedCollections");
        if (!authorizedOnly)
        {
            Users.Authorization.Require(context, "listCollections", "");
        }

        var filter = Filter.Parse(context.Document("filter") ?? []);
        var documents = context.Store.Collections
            .Where(collection => collection.Database == context.Database)
            .Where(collection => !authorizedOnly || Users.Authorization.Allows(context, "find", collection.Name))
            .OrderBy(collection => collection.Name, StringComparer.Ordinal)
            .Select(collection => nameOnly
                ? new BsonDocument { { "name", collection.Name }, { "type", "collection" } }
                : Describe(collection))
            .Where(document => filter.Matches(document, context.Evaluation));
        long? batchSize = context.Document("cursor") is { } cursor && cursor.TryGetValue("batchSize", out var size) ? size.ToInt64() : null;
        return context.Server.Cursors.Open(context, "$cmd.listCollections", new DocumentSource([.. documents]), batchSize);
    }

    private static BsonDocument Describe(Collection collection) => new()
    {
        { "name", collection.Name },
        { "type", "collection" },
        { "options", CollectionCommands.Without(collection.Options, "uuid") },
        { "info", new BsonDocument { { "readOnly", false }, { "uuid", collection.Options["uuid"] } } },
        { "idIndex", IndexDefinition.Id.Document },
    };

    private static BsonDocument ListDatabases(CommandContext context)
    {
        var all = Users.Authorization.Allows(context, "listDatabases", null);
        var nameOnly = context.Flag("nameOnly");
        var filter = Filter.Parse(context.Document("filter") ?? []);
        var databases = context.Store.Collections.GroupBy(collection => collection.Database)
            .Where(database => all || database.Any(collection => Users.Authorization.Allows(context, "find", collection.Name, database.Key)))
            .OrderBy(database => database.Key, StringComparer.Ordinal)
            .Select(database => nameOnly
                ? new BsonDocument("name", database.Key)
                : new BsonDocument
                {
                    { "name", database.Key }, { "sizeOnDisk", 4096L }, { "empty", database.All(collection => collection.Count == 0) },
                })
            .Where(document => filter.Matches(document, context.Evaluation));
        var answer = new BsonDocument("databases", new BsonArray(databases));
        if (!nameOnly)
        {
            answer["totalSize"] = answer["databases"].AsBsonArray.Sum(database => database["sizeOnDisk"].AsInt64);
        }

        return answer;
    }
}
