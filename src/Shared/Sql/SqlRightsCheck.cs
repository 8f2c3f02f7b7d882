using System.Data.Common;
using Relaybox.Operations;

namespace Relaybox.Sql;

/// <summary>Whether the user has the rights of the roles that Setup makes for the functions.</summary>
/// <param name="database">Where connections come from.</param>
internal abstract class SqlRightsCheck(SqlConnections database) : IDoctorCheck
{
    /// <inheritdoc />
    public string Name => MissingRights.Name;

    /// <inheritdoc />
    public string Passed => MissingRights.Passed;

    /// <inheritdoc />
    public async Task<IReadOnlyList<Finding>> FindAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        var lacking = await FindLackingAsync(connection, cancellationToken);
        if (lacking.Count == 0)
        {
            return [];
        }

        var user = await ReadUserAsync(connection, cancellationToken);
        return
        [
            .. lacking.GroupBy(right => right.Role, right => right.Right, StringComparer.Ordinal).Select(role => MissingRights.Of(
                user, role.Key, [.. role.Distinct()],
                $"Set DatabaseFunctionsUser (DATABASE_FUNCTIONS_USER) to {user} and invoke Setup: it grants the roles anew. Where they have the "
                + $"right, it is enough that the schema's owner says: {GrantOf(role.Key, user)}")),
        ];
    }

    /// <summary>The rights that the user does not have, each with the role that has it.</summary>
    protected abstract Task<IReadOnlyList<(string Role, string Right)>> FindLackingAsync(
        DbConnection connection, CancellationToken cancellationToken);

    /// <summary>The user, as it stands in a GRANT.</summary>
    protected abstract Task<string> ReadUserAsync(DbConnection connection, CancellationToken cancellationToken);

    /// <summary>The statement that gives a role to a user.</summary>
    protected abstract string GrantOf(string role, string user);
}
