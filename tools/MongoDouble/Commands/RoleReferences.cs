using MongoDB.Bson;

namespace Relaybox.MongoDouble.Commands;

/// <summary>Roles as commands name them: by name alone, or with their database.</summary>
internal static class RoleReferences
{
    /// <exception cref="ServerException">A role is unknown, or its name cannot be read.</exception>
    public static BsonArray Read(CommandContext context, string field)
    {
        var roles = new BsonArray();
        foreach (var value in context.RequiredArray(field))
        {
            var (name, database) = value switch
            {
                BsonString text => (text.Value, context.Database),
                BsonDocument document when document.Contains("role") => (
                    document["role"].AsString, document.GetValue("db", context.Database).AsString),
                _ => throw ServerErrors.BadValue("A role is named by a string, or by role and db"),
            };
            if (!context.Server.Users.RoleExists(database, name))
            {
                throw new ServerException(31, "RoleNotFound", $"Could not find role: {name}@{database}");
            }

            roles.Add(new BsonDocument { { "role", name }, { "db", database } });
        }

        return roles;
    }

    public static BsonArray Union(BsonArray one, BsonArray other) => [.. one.Union(other)];

    public static BsonArray Except(BsonArray one, BsonArray other) => [.. one.Except(other)];

    /// <summary>What usersInfo or rolesInfo asks for, as database and name.</summary>
    public static IEnumerable<(string Database, string Name)> Asked(CommandContext context, BsonValue value, string field) => value switch
    {
        BsonString text => [(context.Database, text.Value)],
        BsonDocument document => [(document.GetValue("db", context.Database).AsString, document[field].AsString)],
        BsonArray several => several.SelectMany(each => Asked(context, each, field)),
        _ => throw ServerErrors.BadValue($"{context.Name} takes 1, a name, {{{field}, db}}, or several of these"),
    };
}
