using MySqlConnector;
using Relaybox.Outbox;
using Relaybox.Sql;

namespace Relaybox.MySql;

/// <summary>
/// Makes the roles, and grants and takes away until each has what it is to have. What a role needs it has at every moment: the server
/// commits each GRANT by itself, and processes that run meanwhile must not fail.
/// </summary>
/// <param name="connection">A connection of a user who may grant.</param>
/// <param name="names">The tables.</param>
/// <param name="roles">The roles and their users.</param>
/// <param name="afterSending">What becomes of sent rows.</param>
internal sealed class MySqlRoleGrants(MySqlConnection connection, MySqlNames names, MySqlRoles roles, AfterSending afterSending)
{
    private const int NoSuchGrant = 1141;
    private const int NoSuchTableGrant = 1147;
    private const int NoSuchRoutineGrant = 1403;
    private const int UnknownAuthorization = 3523;

    private readonly MySqlGrant[] _wanted = [.. MySqlGrant.ReadAll(roles.Render(names, afterSending))];

    internal async Task ApplyAsync(CancellationToken cancellationToken)
    {
        string[] parts = [roles.Relay, roles.Cleaner, roles.Consumer];
        string[] all = [roles.App, .. parts, roles.Functions];
        foreach (var role in all)
        {
            await ExecuteAsync($"CREATE ROLE IF NOT EXISTS {MySqlIdentifier.Quote(role)}", cancellationToken);
        }

        await GrantAsync(_wanted, cancellationToken);
        foreach (var role in all)
        {
            await NarrowAsync(role, cancellationToken);
        }

        var known = await ShowAsync(MySqlIdentifier.Quote(roles.Functions), cancellationToken);
        foreach (var part in parts.Where(part => !Has(known, part, MySqlIdentifier.Quote(roles.Functions))))
        {
            await ExecuteAsync($"GRANT {MySqlIdentifier.Quote(part)} TO {MySqlIdentifier.Quote(roles.Functions)}", cancellationToken);
        }

        foreach (var (role, user) in roles.Members)
        {
            await AddMemberAsync(role, user, cancellationToken);
        }
    }

    private async Task GrantAsync(IEnumerable<MySqlGrant> grants, CancellationToken cancellationToken)
    {
        foreach (var grant in grants)
        {
            await ExecuteAsync($"GRANT {string.Join(", ", grant.Rights)} ON {grant.Target} TO {grant.Grantee}", cancellationToken);
        }
    }

    /// <summary>Takes away what a role has on the system's objects beyond what it is to have.</summary>
    private async Task NarrowAsync(string role, CancellationToken cancellationToken)
    {
        var grantee = MySqlIdentifier.Quote(role);
        var own = (await ShowAsync(grantee, cancellationToken)).Select(MySqlGrant.Read).OfType<MySqlGrant>().Where(grant => grant.Grantee == grantee);
        var takenAway = false;
        foreach (var grant in own.Where(grant => IsOfSystem(grant.Target)))
        {
            var wanted = _wanted.Where(other => other.Grantee == grantee && IsSame(other.Target, grant.Target)).SelectMany(other => other.Rights);
            foreach (var right in grant.Rights.Except(wanted, StringComparer.OrdinalIgnoreCase))
            {
                await RevokeAsync(grant.Revoke(right), cancellationToken);
                takenAway = true;
            }
        }

        // A right on a table that is taken away takes the same right on its columns with it.
        if (takenAway)
        {
            await GrantAsync(_wanted.Where(grant => grant.Grantee == grantee), cancellationToken);
        }
    }

    private async Task RevokeAsync(string sql, CancellationToken cancellationToken)
    {
        try
        {
            await ExecuteAsync(sql, cancellationToken);
        }
        catch (MySqlException e) when (e.Number is NoSuchGrant or NoSuchTableGrant or NoSuchRoutineGrant)
        {
            // It went with a right on the whole table.
        }
    }

    private async Task AddMemberAsync(string role, MySqlUser user, CancellationToken cancellationToken)
    {
        var known = await ShowUserAsync(user, cancellationToken);
        var account = $"`{user.Name}`@`{user.Host}`";
        if (!Has(known, role, account))
        {
            await ExecuteAsync($"GRANT {MySqlIdentifier.Quote(role)} TO {user}", cancellationToken);
        }

        if (MySqlServerVersion.Read(connection.ServerVersion) is not { IsMariaDb: true })
        {
            await ExecuteAsync($"SET DEFAULT ROLE ALL TO {user}", cancellationToken);
            return;
        }

        var isDefault = $"SET DEFAULT ROLE {MySqlIdentifier.Quote(role)} FOR {account}";
        if (known.FirstOrDefault(line => line.StartsWith("SET DEFAULT ROLE ", StringComparison.Ordinal)) is not { } other)
        {
            await ExecuteAsync($"SET DEFAULT ROLE {MySqlIdentifier.Quote(role)} FOR {user}", cancellationToken);
        }
        else if (!string.Equals(other, isDefault, StringComparison.OrdinalIgnoreCase))
        {
            throw new MigrationException(
                $"The user {user} has another default role already, and MariaDB allows one: grant {MySqlIdentifier.Quote(role)} to that role, "
                + "and leave the user out of DATABASE_FUNCTIONS_USER and DATABASE_APP_USERS.");
        }
    }

    private async Task<List<string>> ShowUserAsync(MySqlUser user, CancellationToken cancellationToken)
    {
        try
        {
            return await ShowAsync($"{user}", cancellationToken);
        }
        catch (MySqlException e) when (e.Number is NoSuchGrant or UnknownAuthorization)
        {
            throw new MigrationException(
                $"The server has no user {user}. Create it, or name another in DATABASE_FUNCTIONS_USER or DATABASE_APP_USERS; the user of one "
                + "host alone is named name@host.",
                e);
        }
    }

    private async Task<List<string>> ShowAsync(string grantee, CancellationToken cancellationToken)
    {
        await using var command = new MySqlCommand($"SHOW GRANTS FOR {grantee}", connection);
        return await command.ReadCommittedAsync(row => row.GetString(0), cancellationToken);
    }

    private bool IsOfSystem(string target) =>
        IsSame(target, $"{names.Schema}.*") || names.All.Concat(names.Procedures).Any(own => IsSame(target, own));

    // The schema's name can stand there as a pattern, and the server may know names in lower case alone.
    private static bool IsSame(string target, string other) => string.Equals(Plain(target), Plain(other), StringComparison.OrdinalIgnoreCase);

    private static string Plain(string target) => target.Replace("\\_", "_", StringComparison.Ordinal);

    private static bool Has(List<string> grants, string role, string grantee) => grants.Exists(
        line => line.StartsWith("GRANT ", StringComparison.Ordinal) && !line.Contains(" ON ", StringComparison.Ordinal)
            && line.Contains($"{MySqlIdentifier.Quote(role)}", StringComparison.OrdinalIgnoreCase)
            && line.Split(" TO ") is [_, var to] && to.StartsWith(grantee, StringComparison.OrdinalIgnoreCase));

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var command = new MySqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
