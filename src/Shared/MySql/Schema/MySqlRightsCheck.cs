using System.Data.Common;
using MySqlConnector;
using Relaybox.Sql;

namespace Relaybox.MySql;

/// <summary>
/// Has the server explain a statement for each right that Roles/roles.sql grants: it refuses that to users who lack the right, whether they
/// would have it themselves or by a role.
/// </summary>
internal sealed class MySqlRightsCheck(MySqlConnections connections, MySqlSettings settings) : SqlRightsCheck(connections)
{
    private readonly MySqlNames _names = new(settings.Tables);

    /// <inheritdoc />
    protected override async Task<IReadOnlyList<(string Role, string Right)>> FindLackingAsync(
        DbConnection connection, CancellationToken cancellationToken)
    {
        var roles = new MySqlRoles
        {
            Prefix = settings.RolePrefix, HandlerTables = settings.EffectsTable is { } table ? [table] : [],
        };
        var app = MySqlIdentifier.Quote(roles.App);
        var lacking = new List<(string, string)>();
        foreach (var grant in MySqlGrant.ReadAll(roles.Render(_names, settings.Tables.AfterSending)).Where(grant => grant.Grantee != app))
        {
            foreach (var right in grant.Rights)
            {
                // A procedure that may not be executed is not seen either: the check of the schema tells it.
                if (Probe(grant.Target, right) is { } probe && await IsDeniedAsync((MySqlConnection)connection, probe, cancellationToken))
                {
                    lacking.Add((MySqlIdentifier.Quote(roles.Functions), $"{right} on {grant.Target}"));
                }
            }
        }

        return lacking;
    }

    /// <inheritdoc />
    protected override async Task<string> ReadUserAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT CURRENT_USER()";
        var user = (await command.ReadCommittedAsync(row => row.GetString(0), cancellationToken))[0];
        return MySqlUser.Read(user) is { } known ? $"{known}" : $"'{user}'";
    }

    /// <inheritdoc />
    protected override string GrantOf(string role, string user) => $"GRANT {role} TO {user}; and makes it the user's default role";

    // Each table that is updated or inserted into as a whole has a claim's token; a handler's table is read.
    private string? Probe(string target, string right) => right.Split(' ', 2) switch
    {
        ["EXECUTE"] => null,
        ["SELECT"] => $"EXPLAIN SELECT 1 FROM {target} LIMIT 1",
        ["DELETE"] => $"EXPLAIN DELETE FROM {target} WHERE 1 = 0",
        ["UPDATE", var column] => $"EXPLAIN UPDATE {target} SET {Column(column)} = {Column(column)} WHERE 1 = 0",
        ["INSERT", var column] => $"EXPLAIN INSERT INTO {target} ({Column(column)}) SELECT NULL FROM (SELECT 1 AS one) one WHERE 1 = 0",
        ["UPDATE"] when target != EffectsTable => $"EXPLAIN UPDATE {target} SET claim_token = claim_token WHERE 1 = 0",
        ["INSERT"] when target != EffectsTable =>
            $"EXPLAIN INSERT INTO {target} (claim_token) SELECT NULL FROM (SELECT 1 AS one) one WHERE 1 = 0",
        ["UPDATE"] => $"EXPLAIN UPDATE {target} SET applied = applied WHERE 1 = 0",
        ["INSERT"] => $"EXPLAIN INSERT INTO {target} (applied) SELECT NULL FROM (SELECT 1 AS one) one WHERE 1 = 0",
        _ => null,
    };

    private string? EffectsTable => settings.EffectsTable is { } table ? _names.Qualify(table) : null;

    private static string Column(string text) => text.Trim('(', ')');

    private static async Task<bool> IsDeniedAsync(MySqlConnection connection, string statement, CancellationToken cancellationToken)
    {
        await using var command = new MySqlCommand(statement, connection);
        try
        {
            await command.ReadCommittedAsync(_ => true, cancellationToken);
            return false;
        }
        catch (MySqlException e) when (e.SqlState is not null)
        {
            // Denied: the database, the table, a column. Anything else comes after the look at the rights.
            return e.Number is 1044 or 1142 or 1143;
        }
    }
}
