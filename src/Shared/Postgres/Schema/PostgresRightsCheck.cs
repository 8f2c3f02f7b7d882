using System.Data.Common;
using System.Globalization;
using Relaybox.Sql;

namespace Relaybox.Postgres;

/// <summary>Asks the server for each right that Roles/roles.sql grants.</summary>
internal sealed class PostgresRightsCheck(PostgresConnections connections, PostgresSettings settings) : SqlRightsCheck(connections)
{
    private readonly PostgresNames _names = new(settings.Tables);

    /// <inheritdoc />
    protected override async Task<IReadOnlyList<(string Role, string Right)>> FindLackingAsync(
        DbConnection connection, CancellationToken cancellationToken)
    {
        var roles = PostgresRoles.WithPrefix(settings.RolePrefix);
        var app = PostgresIdentifier.Quote(roles.App);
        var wanted = PostgresGrant.ReadAll(roles.Render(_names, settings.Tables.AfterSending)).Where(grant => grant.Role != app)
            .Concat(HandlerGrants(PostgresIdentifier.Quote(roles.Consumer))).ToList();

        // Who may not use the schema may not even ask for what is in it.
        var ofSchema = wanted.ToLookup(grant => grant.Kind == PostgresGrant.Schema);
        return await FindLackingAsync(connection, [.. ofSchema[true]], cancellationToken) is { Count: > 0 } outside
            ? outside
            : await FindLackingAsync(connection, [.. ofSchema[false]], cancellationToken);
    }

    /// <inheritdoc />
    protected override async Task<string> ReadUserAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT quote_ident(current_user)";
        return (await command.ReadCommittedAsync(row => row.GetString(0), cancellationToken))[0];
    }

    /// <inheritdoc />
    protected override string GrantOf(string role, string user) => $"GRANT {role} TO {user};";

    private static async Task<IReadOnlyList<(string Role, string Right)>> FindLackingAsync(
        DbConnection connection, IReadOnlyList<PostgresGrant> wanted, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = string.Join(
            "\nUNION ALL ",
            wanted.Select((grant, i) => string.Create(CultureInfo.InvariantCulture, $"SELECT {i} WHERE NOT {grant.Condition}")));
        var lacking = await command.ReadCommittedAsync(row => wanted[row.GetInt32(0)], cancellationToken);
        return lacking.ConvertAll(grant => (grant.Role, $"{grant}"));
    }

    private IEnumerable<PostgresGrant> HandlerGrants(string role) => settings.EffectsTable is { } table
        ? new[] { "SELECT", "INSERT", "UPDATE" }.Select(right => new PostgresGrant(role, "TABLE", _names.Qualify(table), right, null))
        : [];
}
