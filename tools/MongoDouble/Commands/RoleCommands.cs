using MongoDB.Bson;
using Relaybox.MongoDouble.Users;

namespace Relaybox.MongoDouble.Commands;

/// <summary>createRole and what else is about roles.</summary>
internal static class RoleCommands
{
    private const string Fields = "privileges roles authenticationRestrictions";

    public static CommandDefinition[] All { get; } =
    [
        new("createRole", CommandTraits.Write, Fields, Create),
        new("updateRole", CommandTraits.Write, Fields, Update),
        new("dropRole", CommandTraits.Write, "", Drop),
        new("grantPrivilegesToRole", CommandTraits.Write, "privileges", GrantPrivileges),
        new("grantRolesToRole", CommandTraits.Write, "roles", context => ChangeRoles(context, RoleReferences.Union)),
        new("revokeRolesFromRole", CommandTraits.Write, "roles", context => ChangeRoles(context, RoleReferences.Except)),
        new("rolesInfo", CommandTraits.Read, "showPrivileges showBuiltinRoles showAuthenticationRestrictions", Info),
    ];

    private static BsonDocument Create(CommandContext context)
    {
        Authorization.Require(context, "createRole", "");
        var name = Name(context);
        if (context.Server.Users.RoleExists(context.Database, name))
        {
            throw new ServerException(51002, "Location51002", $"Role \"{name}@{context.Database}\" already exists");
        }

        context.Server.Users.SaveRole(context.Deadline, new BsonDocument
        {
            { "_id", $"{context.Database}.{name}" },
            { "role", name },
            { "db", context.Database },
            { "privileges", Privileges(context) },
            { "roles", RoleReferences.Read(context, "roles") },
        });
        return [];
    }

    private static BsonDocument Update(CommandContext context)
    {
        Authorization.Require(context, "grantRole", "");
        var document = new BsonDocument(Existing(context));
        if (context.Command.Contains("privileges"))
        {
            document["privileges"] = Privileges(context);
        }

        if (context.Command.Contains("roles"))
        {
            document["roles"] = RoleReferences.Read(context, "roles");
        }

        context.Server.Users.SaveRole(context.Deadline, document);
        return [];
    }

    private static BsonDocument Drop(CommandContext context)
    {
        Authorization.Require(context, "dropRole", "");
        context.Server.Users.DeleteRole(context.Deadline, Existing(context)["_id"]);
        return [];
    }

    private static BsonDocument GrantPrivileges(CommandContext context)
    {
        Authorization.Require(context, "grantRole", "");
        var document = new BsonDocument(Existing(context));
        document["privileges"] = RoleReferences.Union(document["privileges"].AsBsonArray, Privileges(context));
        context.Server.Users.SaveRole(context.Deadline, document);
        return [];
    }

    private static BsonDocument ChangeRoles(CommandContext context, Func<BsonArray, BsonArray, BsonArray> change)
    {
        Authorization.Require(context, context.Name == "grantRolesToRole" ? "grantRole" : "revokeRole", "");
        var document = new BsonDocument(Existing(context));
        document["roles"] = change(document["roles"].AsBsonArray, RoleReferences.Read(context, "roles"));
        context.Server.Users.SaveRole(context.Deadline, document);
        return [];
    }

    private static BsonDocument Info(CommandContext context)
    {
        Authorization.Require(context, "viewRole", "");
        var found = context.Command[0] is { IsNumeric: true }
            ? context.Server.Users.AllRoles.Where(document => document["db"] == context.Database)
            : RoleReferences.Asked(context, context.Command[0], "role")
                .Select(pair => context.Server.Users.FindRole(pair.Database, pair.Name) ?? Builtin(pair.Database, pair.Name))
                .OfType<BsonDocument>();
        return new BsonDocument("roles", new BsonArray(found.Select(document =>
        {
            var shown = context.Flag("showPrivileges") ? new BsonDocument(document) : CollectionCommands.Without(document, "privileges");
            shown["isBuiltin"] = BuiltinRoles.Of(document["role"].AsString, document["db"].AsString) is not null;
            shown["inheritedRoles"] = document["roles"];
            return shown;
        })));
    }

    private static BsonDocument? Builtin(string database, string name) => BuiltinRoles.Of(name, database) is { } privileges
        ? new BsonDocument
        {
            { "_id", $"{database}.{name}" },
            { "role", name },
            { "db", database },
            { "privileges", new BsonArray(privileges.Select(privilege => privilege.ToDocument())) },
            { "roles", new BsonArray() },
        }
        : null;

    private static string Name(CommandContext context) => context.Command[0] is BsonString { Value.Length: > 0 } name
        ? name.Value
        : throw ServerErrors.BadValue("Role name must be non-empty");

    private static BsonDocument Existing(CommandContext context)
    {
        var name = Name(context);
        return context.Server.Users.FindRole(context.Database, name)
            ?? throw (BuiltinRoles.Of(name, context.Database) is not null
                ? new ServerException(158, "InvalidRoleModification", $"{name}@{context.Database} is a built-in role and cannot be modified")
                : new ServerException(31, "RoleNotFound", $"Role '{name}@{context.Database}' not found"));
    }

    private static BsonArray Privileges(CommandContext context)
    {
        var privileges = context.RequiredArray("privileges");
        foreach (var privilege in privileges)
        {
            Privilege.Parse(privilege);
        }

        return privileges;
    }
}
