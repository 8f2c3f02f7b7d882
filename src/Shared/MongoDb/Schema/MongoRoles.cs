using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Outbox;
using Relaybox.Settings;

namespace Relaybox.MongoDb;

/// <summary>The roles of least privilege, in the outbox's database: what each may do, and to whom they are granted.</summary>
internal sealed record MongoRoles
{
    private const int RoleExists = 51002;

    // Atlas where it is shared, and servers that do not know the command: AtlasError, CommandNotFound, CommandNotSupported.
    private static readonly int[] NobodyMay = [8000, 59, 115];

    // On dedicated clusters of Atlas nobody has the right, and its absence has no code of its own.
    private static readonly string[] HostsOfAtlas = [".mongodb.net", ".mongodbgov.net"];

    /// <summary>What the names of the roles begin with.</summary>
    internal required string Prefix { get; init; }

    /// <summary>The user that the functions connect as: it gets the roles of relay, cleaner and consumer. Null: they are granted by hand.</summary>
    internal string? FunctionsUser { get; init; }

    /// <summary>The users that apps connect as: they get the app's role.</summary>
    internal IReadOnlyList<string> AppUsers { get; init; } = [];

    /// <summary>The database that the users are in. Default: admin.</summary>
    internal string UserDatabase { get; init; } = "admin";

    /// <summary>Whether a server lets no user make roles. A right that only this user lacks is another matter.</summary>
    /// <param name="refusal">What the server answered to the making of a role.</param>
    /// <param name="hosts">The server's hosts.</param>
    internal static bool AreRefused(MongoCommandException refusal, IEnumerable<string> hosts) =>
        NobodyMay.Contains(refusal.Code)
        || (refusal.Code == MongoFaults.Unauthorized
            && hosts.Any(host => HostsOfAtlas.Any(of => host.EndsWith(of, StringComparison.OrdinalIgnoreCase))));

    /// <summary>The names of the roles.</summary>
    internal IEnumerable<string> Names => new[] { "app", "relay", "cleaner", "consumer" }.Select(Name);

    /// <summary>Makes the roles, or brings them up to date, and grants them.</summary>
    /// <returns>How many roles were made.</returns>
    internal async Task<int> GrantAsync(MongoCollections database, string? effects, CancellationToken cancellationToken)
    {
        var made = 0;
        var name = database.Database.DatabaseNamespace.DatabaseName;
        foreach (var (role, rights) in Rights(database.Options, effects))
        {
            var privileges = new BsonArray(rights.Select(right => new BsonDocument
            {
                { "resource", new BsonDocument { { "db", name }, { "collection", right.Collection } } }, { "actions", new BsonArray(right.Actions) },
            }));
            try
            {
                await RunAsync(
                    database.Database,
                    new BsonDocument { { "createRole", role }, { "privileges", privileges }, { "roles", new BsonArray() } });
                made++;
            }
            catch (MongoCommandException e) when (e.Code == RoleExists)
            {
                await RunAsync(database.Database, new BsonDocument { { "updateRole", role }, { "privileges", privileges } });
            }
        }

        var users = database.Client.GetDatabase(UserDatabase);
        if (FunctionsUser is { } functions)
        {
            await RunAsync(users, Grant(functions, name, "relay", "cleaner", "consumer"));
        }

        foreach (var app in AppUsers)
        {
            await RunAsync(users, Grant(app, name, "app"));
        }

        return made;

        Task<BsonDocument> RunAsync(IMongoDatabase of, BsonDocument command) =>
            of.RunCommandAsync<BsonDocument>(command, cancellationToken: cancellationToken);
    }

    /// <summary>What each role may do, by its name.</summary>
    internal IReadOnlyDictionary<string, IReadOnlyList<(string Collection, string[] Actions)>> Rights(MongoOptions options, string? effects)
    {
        string[] handlers = effects is null ? [] : [effects];
        return new Dictionary<string, IReadOnlyList<(string, string[])>>
        {
            // To find is for comparing: whether an id is taken by the very same event.
            [Name("app")] = [(options.OutboxCollection, ["insert", "find"]), (options.KeysCollection, ["find", "insert", "update"])],
            [Name("relay")] =
            [
                (options.OutboxCollection,
                    options.AfterSending == AfterSending.Delete ? ["find", "update", "remove", "changeStream"] : ["find", "update", "changeStream"]),
                (options.JobsCollection, ["find"]),
                (options.SchemaCollection, ["find"]),
            ],
            [Name("cleaner")] =
            [
                // The indexes are for the doctor to look at.
                (options.OutboxCollection, ["find", "update", "remove", "listIndexes"]),
                (options.KeysCollection, ["find", "update", "remove", "listIndexes"]),
                (options.InboxCollection, ["find", "update", "remove", "listIndexes"]),
                (options.LeasesCollection, ["find", "listIndexes"]),
                (options.JobsCollection, ["find", "insert", "update", "remove"]),
                (options.SchemaCollection, ["find"]),
            ],
            [Name("consumer")] =
            [
                (options.InboxCollection, ["find", "insert", "update"]),
                (options.LeasesCollection, ["find", "insert", "update"]),
                (options.OutboxCollection, ["insert"]),
                (options.KeysCollection, ["find", "insert", "update"]),
                (options.JobsCollection, ["find"]),
                (options.SchemaCollection, ["find"]),
                .. handlers.Select(collection => (collection, (string[])["find", "insert", "update"])),
            ],
        };
    }

    private string Name(string role) => $"{Prefix}_{role}";

    private BsonDocument Grant(string user, string database, params IEnumerable<string> roles) => new()
    {
        { "grantRolesToUser", user },
        { "roles", new BsonArray(roles.Select(role => new BsonDocument { { "role", Name(role) }, { "db", database } })) },
    };
}
