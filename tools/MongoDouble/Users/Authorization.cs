using MongoDB.Bson;
using Relaybox.MongoDouble.Commands;

namespace Relaybox.MongoDouble.Users;

/// <summary>Whether a connection's user may execute a command.</summary>
internal static class Authorization
{
    // What the localhost exception allows while there is no user.
    private static readonly HashSet<string> First = ["createUser", "createRole", "replSetInitiate", "replSetGetStatus"];

    /// <exception cref="ServerException">He may not.</exception>
    public static void Check(CommandContext context, CommandDefinition definition)
    {
        if (!context.Server.Options.RequiresAuthentication || definition.Has(CommandTraits.Anonymous))
        {
            return;
        }

        if (context.Connection.User is null)
        {
            if (First.Contains(definition.Name) && context.Server.Users.IsEmpty)
            {
                return;
            }

            throw ServerErrors.Unauthorized($"Command {definition.Name} requires authentication");
        }

        if (definition.Action is not { } action)
        {
            return;
        }

        var collection = context.Command[0] is BsonString { Value: var name } && !definition.Has(CommandTraits.Cluster) ? name : "";
        if (!Allows(context, action, collection, definition.Has(CommandTraits.Cluster) ? null : context.Database)
            || (context.Command.GetValue("bypassDocumentValidation", false).ToBoolean() && !Allows(context, "bypassDocumentValidation", collection)))
        {
            throw NotAuthorized(context);
        }
    }

    /// <summary>Requires a privilege on a collection of the command's database; empty: on the database.</summary>
    /// <exception cref="ServerException">The user lacks it.</exception>
    public static void Require(CommandContext context, string action, string collection) =>
        Require(context, action, collection, context.Database);

    /// <param name="database">Null: on the cluster.</param>
    /// <inheritdoc cref="Require(CommandContext, string, string)"/>
    public static void Require(CommandContext context, string action, string collection, string? database)
    {
        if (!Allows(context, action, collection, database))
        {
            throw NotAuthorized(context);
        }
    }

    /// <summary>Whether the user has a privilege; a null collection is the cluster.</summary>
    public static bool Allows(CommandContext context, string action, string? collection) =>
        Allows(context, action, collection ?? "", collection is null ? null : context.Database);

    public static bool Allows(CommandContext context, string action, string collection, string? database)
    {
        if (!context.Server.Options.RequiresAuthentication)
        {
            return true;
        }

        return context.Connection.User is not { } user
            ? context.Server.Users.IsEmpty && First.Contains(context.Name)
            : context.Server.Users.Privileges(user).Any(privilege => privilege.Allows(action, database, collection));
    }

    public static BsonDocument ConnectionStatus(CommandContext context)
    {
        var user = context.Connection.User;
        var (users, roles) = (new BsonArray(), new BsonArray());
        if (user is not null)
        {
            users.Add(new BsonDocument { { "user", user.Name }, { "db", user.Database } });
            roles.AddRange(context.Server.Users.FindUser(user)?["roles"].AsBsonArray ?? []);
        }

        var info = new BsonDocument { { "authenticatedUsers", users }, { "authenticatedUserRoles", roles } };
        if (context.Flag("showPrivileges"))
        {
            info["authenticatedUserPrivileges"] = new BsonArray(
                user is null ? [] : context.Server.Users.Privileges(user).Select(privilege => privilege.ToDocument()));
        }

        return new BsonDocument("authInfo", info);
    }

    private static ServerException NotAuthorized(CommandContext context) => ServerErrors.Unauthorized(
        $"not authorized on {context.Database} to execute command {ServerErrors.Show(context.Command)}");
}
