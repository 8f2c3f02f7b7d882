using System.Reflection;
using MongoDB.Bson;
using MongoDB.Driver;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>
/// A database of which <c>collStats</c> says, as a server of a sharded cluster does, that one collection is sharded. Neither the double nor
/// a replica set has such collections.
/// </summary>
public class ShardedDatabase : DispatchProxy
{
    private IMongoDatabase _database = null!;
    private string _collection = "";

    internal static IMongoDatabase Of(IMongoDatabase database, string collection)
    {
        var sharded = Create<IMongoDatabase, ShardedDatabase>();
        ((ShardedDatabase)sharded)._database = database;
        ((ShardedDatabase)sharded)._collection = collection;
        return sharded;
    }

    /// <inheritdoc />
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        var answer = targetMethod!.Invoke(_database, args);
        return answer switch
        {
            IMongoDatabase database => Of(database, _collection),
            Task<BsonDocument> running when args?.FirstOrDefault() is BsonDocumentCommand<BsonDocument> { Document: var command }
                && command.GetValue("collStats", "") == _collection => AddAsync(running),
            _ => answer,
        };
    }

    private static async Task<BsonDocument> AddAsync(Task<BsonDocument> running) => (await running).Merge(new BsonDocument("sharded", true));
}
