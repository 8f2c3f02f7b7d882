using MongoDB.Bson;
using Relaybox.MongoDouble.Users;

namespace Relaybox.MongoDouble.Commands;

/// <summary>createUser and what else is about users.</summary>
internal static class UserCommands
{
    private const string Fields = "pwd roles customData mechanisms digestPassword authenticationRestrictions";

    public static CommandDefinition[] All { get; } =
    [
        new("createUser", CommandTraits.Write, Fields, Create),
        new("updateUser", CommandTraits.Write, Fields, Update),
        new("dropUser", CommandTraits.Write, "", Drop),
        new("grantRolesToUser", CommandTraits.Write, "roles", context => ChangeRoles(context, RoleReferences.Union)),
        new("revokeRolesFromUser", CommandTraits.Write, "roles", context => ChangeRoles(context, RoleReferences.Except)),
        new("usersInfo", CommandTraits.Read, "showCredentials showPrivileges showAuthenticationRestrictions filter showCustomData", Info),
    ];

    private static BsonDocument Create(CommandContext context)
    {
        Authorization.Require(context, "createUser", "");
        var user = Named(context);
        if (context.Server.Users.FindUser(user) is not null)
        {
            throw new ServerException(51003, "Location51003", $"User \"{user.Name}@{user.Database}\" already exists");
        }

        var document = new BsonDocument
        {
            { "_id", $"{user.Database}.{user.Name}" },
            { "userId", new BsonBinaryData(Guid.NewGuid(), GuidRepresentation.Standard) },
            { "user", user.Name },
            { "db", user.Database },
            { "credentials", Credentials(context) ?? throw ServerErrors.BadValue("Must provide a 'pwd' field for all user documents") },
            { "roles", RoleReferences.Read(context, "roles") },
        };
        if (context.Document("customData") is { } custom)
        {
            document["customData"] = custom;
        }

        context.Server.Users.SaveUser(context.Deadline, document);
        return [];
    }

    private static BsonDocument Update(CommandContext context)
    {
        Authorization.Require(context, "changePassword", "");
        var document = new BsonDocument(Existing(context));
        if (Credentials(context) is { } credentials)
        {
            document["credentials"] = credentials;
        }

        if (context.Command.Contains("roles"))
        {
            Authorization.Require(context, "grantRole", "");
            document["roles"] = RoleReferences.Read(context, "roles");
        }

        if (context.Document("customData") is { } custom)
        {
            document["customData"] = custom;
        }

        context.Server.Users.SaveUser(context.Deadline, document);
        return [];
    }

    private static BsonDocument Drop(CommandContext context)
    {
        Authorization.Require(context, "dropUser", "");
        context.Server.Users.DeleteUser(context.Deadline, Existing(context)["_id"]);
        return [];
    }

    private static BsonDocument ChangeRoles(CommandContext context, Func<BsonArray, BsonArray, BsonArray> change)
    {
        Authorization.Require(context, context.Name == "grantRolesToUser" ? "grantRole" : "revokeRole", "");
        var document = new BsonDocument(Existing(context));
        document["roles"] = change(document["roles"].AsBsonArray, RoleReferences.Read(context, "roles"));
        context.Server.Users.SaveUser(context.Deadline, document);
        return [];
    }

    private static BsonDocument Info(CommandContext context)
    {
        var asked = context.Command[0];
        var own = context.Connection.User is { } user && asked == user.Name && context.Database == user.Database;
        if (!own)
        {
            Authorization.Require(context, "viewUser", "");
        }

        var found = asked switch
        {
            { IsNumeric: true } => context.Server.Users.AllUsers.Where(document => document["db"] == context.Database),
            BsonDocument document when document.Contains("forAllDBs") => context.Server.Users.AllUsers,
            _ => RoleReferences.Asked(context, asked, "user")
                .Select(pair => context.Server.Users.FindUser(new AuthenticatedUser(pair.Database, pair.Name))).OfType<BsonDocument>(),
        };
        return new BsonDocument("users", new BsonArray(found.Select(document =>
        {
            var shown = context.Flag("showCredentials") ? new BsonDocument(document) : CollectionCommands.Without(document, "credentials");
            shown["mechanisms"] = new BsonArray { "SCRAM-SHA-256" };
            if (context.Flag("showPrivileges"))
            {
                shown["inheritedPrivileges"] = new BsonArray(
                    context.Server.Users.Privileges(document["roles"].AsBsonArray).Select(privilege => privilege.ToDocument()));
            }

            return shown;
        })));
    }

    private static AuthenticatedUser Named(CommandContext context) => context.Command[0] is BsonString { Value.Length: > 0 } name
        ? new AuthenticatedUser(context.Database, name.Value)
        : throw ServerErrors.BadValue("User document needs 'user' field to be a non-empty string");

    private static BsonDocument Existing(CommandContext context)
    {
        var user = Named(context);
        return context.Server.Users.FindUser(user) ?? throw new ServerException(11, "UserNotFound", $"User '{user.Name}@{user.Database}' not found");
    }

    private static BsonDocument? Credentials(CommandContext context)
    {
        if (context.Array("mechanisms") is { } mechanisms && mechanisms.FirstOrDefault(mechanism => mechanism != "SCRAM-SHA-256") is { } other)
        {
            throw ServerErrors.BadValue($"The development double has SCRAM-SHA-256 alone, not {other}");
        }

        return context.Text("pwd") is { } password
            ? new BsonDocument("SCRAM-SHA-256", ScramCredentials.Of(password).ToDocument())
            : null;
    }
}
