using MongoDB.Bson;

namespace Relaybox.MongoDouble.Users;

/// <summary>What somebody may do somewhere.</summary>
/// <param name="Database">The database; empty: any; null: the cluster.</param>
/// <param name="Collection">The collection; empty: any but those of the system.</param>
/// <param name="Actions">What he may do; null: everything.</param>
internal sealed record Privilege(string? Database, string Collection, IReadOnlyCollection<string>? Actions)
{
    /// <summary>Whether it includes the system's collections and the cluster.</summary>
    public bool IsOnEverything { get; init; }

    public static Privilege Parse(BsonValue value)
    {
        if (value is not BsonDocument document || document.GetValue("resource", BsonNull.Value) is not BsonDocument resource
            || document.GetValue("actions", BsonNull.Value) is not BsonArray actions)
        {
            throw ServerErrors.FailedToParse("A privilege has a resource and actions");
        }

        var names = actions.Select(action => action.AsString).ToHashSet(StringComparer.Ordinal);
        if (resource.GetValue("anyResource", false).ToBoolean())
        {
            return new Privilege("", "", names) { IsOnEverything = true };
        }

        if (resource.GetValue("cluster", false).ToBoolean())
        {
            return new Privilege(null, "", names);
        }

        return resource.TryGetValue("db", out var database) && resource.TryGetValue("collection", out var collection)
            ? new Privilege(database.AsString, collection.AsString, names)
            : throw ServerErrors.FailedToParse("A resource is {db, collection}, {cluster: true} or {anyResource: true}");
    }

    /// <param name="database">Null: the cluster.</param>
    /// <param name="collection">Empty: the database as such.</param>
    public bool Allows(string action, string? database, string collection)
    {
        if (Actions is not null && !Actions.Contains(action))
        {
            return false;
        }

        if (IsOnEverything)
        {
            return true;
        }

        if (database is null || Database is null)
        {
            return database is null && Database is null;
        }

        if (Database.Length > 0 && Database != database)
        {
            return false;
        }

        return Collection.Length == 0
            ? !collection.StartsWith("system.", StringComparison.Ordinal)
            : Collection == collection;
    }

    public BsonDocument ToDocument() => new()
    {
        {
            "resource",
            IsOnEverything ? new BsonDocument("anyResource", true)
                : Database is null ? new BsonDocument("cluster", true)
                : new BsonDocument { { "db", Database }, { "collection", Collection } }
        },
        { "actions", Actions is null ? new BsonArray { "anyAction" } : new BsonArray(Actions) },
    };
}
