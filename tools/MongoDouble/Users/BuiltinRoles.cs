namespace Relaybox.MongoDouble.Users;

/// <summary>The server's own roles, as far as the double has their actions.</summary>
internal static class BuiltinRoles
{
    private static readonly string[] Reading =
        ["find", "changeStream", "collStats", "dbHash", "dbStats", "killCursors", "listCollections", "listIndexes"];

    private static readonly string[] Writing =
    [
        .. Reading, "insert", "update", "remove", "createCollection", "dropCollection", "createIndex", "dropIndex", "renameCollectionSameDB",
    ];

    private static readonly string[] Administering =
    [
        "bypassDocumentValidation", "collMod", "collStats", "createCollection", "createIndex", "dbStats", "dropCollection", "dropDatabase",
        "dropIndex", "listCollections", "listIndexes", "validate",
    ];

    private static readonly string[] UserAdministering =
    [
        "changeCustomData", "changePassword", "createRole", "createUser", "dropRole", "dropUser", "grantRole", "revokeRole", "viewRole", "viewUser",
    ];

    private static readonly string[] Monitoring =
        ["getCmdLineOpts", "getParameter", "hostInfo", "listDatabases", "replSetGetConfig", "replSetGetStatus", "serverStatus"];

    /// <summary>The privileges of a role; null: it is none of the server's own.</summary>
    public static IReadOnlyList<Privilege>? Of(string role, string database) => (role, database) switch
    {
        ("read", _) => [new(database, "", Reading)],
        ("readWrite", _) => [new(database, "", Writing)],
        ("dbAdmin", _) => [new(database, "", Administering)],
        ("userAdmin", _) => [new(database, "", UserAdministering)],
        ("dbOwner", _) => [new(database, "", [.. Writing, .. Administering, .. UserAdministering])],
        ("root", "admin") => [new("", "", null) { IsOnEverything = true }],
        ("readAnyDatabase", "admin") => [new("", "", Reading), new(null, "", ["listDatabases"])],
        ("readWriteAnyDatabase", "admin") => [new("", "", Writing), new(null, "", ["listDatabases"])],
        ("dbAdminAnyDatabase", "admin") => [new("", "", Administering), new(null, "", ["listDatabases"])],
        ("userAdminAnyDatabase", "admin") => [new("", "", UserAdministering), new(null, "", ["listDatabases"])],
        ("clusterMonitor", "admin") => [new(null, "", Monitoring)],
        ("clusterAdmin", "admin") => [new(null, "", null), new("", "", ["dropDatabase"])],
        _ => null,
    };
}
