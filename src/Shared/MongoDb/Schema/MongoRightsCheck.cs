using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Operations;

namespace Relaybox.MongoDb;

/// <summary>Asks the server what the user may do, and compares it with the roles that Setup makes.</summary>
internal sealed class MongoRightsCheck(MongoConnections connections, MongoDbSettings settings) : IDoctorCheck
{
    /// <inheritdoc />
    public string Name => MissingRights.Name;

    /// <inheritdoc />
    public string Passed => MissingRights.Passed;

    /// <inheritdoc />
    public Task<IReadOnlyList<Finding>> FindAsync(CancellationToken cancellationToken) =>
        connections.UseUncheckedAsync<IReadOnlyList<Finding>>(FindAsync, cancellationToken);

    private async Task<IReadOnlyList<Finding>> FindAsync(MongoCollections database, CancellationToken cancellationToken)
    {
        BsonDocument status;
        try
        {
            status = await database.Database.RunCommandAsync<BsonDocument>(
                new BsonDocument { { "connectionStatus", 1 }, { "showPrivileges", true } }, cancellationToken: cancellationToken);
        }
        catch (MongoCommandException e)
        {
            return [Finding.Unknown(Name, $"The server does not tell the user's rights ({MongoFaults.Name(e)}).")];
        }

        // Where nobody signs in, everybody may do everything.
        if (status.GetValue("authInfo", new BsonDocument()) is not BsonDocument authority
            || authority.GetValue("authenticatedUsers", new BsonArray()) is not BsonArray { Count: > 0 } users)
        {
            return [];
        }

        var name = database.Database.DatabaseNamespace.DatabaseName;
        var privileges = (authority.GetValue("authenticatedUserPrivileges", new BsonArray()) as BsonArray ?? []).OfType<BsonDocument>().ToList();
        var roles = new MongoRoles { Prefix = settings.Connection.RolePrefix };
        var user = users[0].AsBsonDocument.GetValue("user", "").AsString;
        return
        [
            .. roles.Rights(database.Options, settings.Setup.EffectsCollection).Where(role => role.Key != roles.Names.First())
                .Select(role => (role.Key, Lacking: role.Value.SelectMany(right => right.Actions
                    .Where(action => !privileges.Exists(privilege => Gives(privilege, name, right.Collection, action)))
                    .Select(action => $"{action} on {right.Collection}")).ToList()))
                .Where(role => role.Lacking.Count > 0)
                .Select(role => MissingRights.Of(
                    $"'{user}'", role.Key, role.Lacking,
                    $"Set DatabaseFunctionsUser (DATABASE_FUNCTIONS_USER) to '{user}' and invoke Setup. Where the role is there, it is enough that "
                    + $"an administrator says: db.getSiblingDB('admin').grantRolesToUser('{user}', [{{ role: '{role.Key}', db: '{name}' }}])")),
        ];
    }

    private static bool Gives(BsonDocument privilege, string database, string collection, string action)
    {
        var resource = privilege.GetValue("resource", new BsonDocument()).AsBsonDocument;
        var isOfIt = resource.GetValue("anyResource", false).ToBoolean()
            || (Is("db", database) && Is("collection", collection));
        return isOfIt && privilege.GetValue("actions", new BsonArray()).AsBsonArray.Any(known => known == action || known == "anyAction");

        // An empty name stands for all.
        bool Is(string field, string wanted) => resource.TryGetValue(field, out var value) && (value == "" || value == wanted);
    }
}
