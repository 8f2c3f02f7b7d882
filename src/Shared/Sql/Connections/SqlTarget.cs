using Relaybox.Connections;

namespace Relaybox.Sql;

/// <summary>What may be said of a connection: where it leads and as whom, never its password.</summary>
/// <param name="Host">Host and port, or several of them.</param>
/// <param name="Database">The database.</param>
/// <param name="User">The user.</param>
/// <param name="Credentials">Where the credentials come from.</param>
/// <param name="RolePrefix">What the names of the roles begin with.</param>
internal sealed record SqlTarget(string Host, string Database, string User, string Credentials, string RolePrefix)
{
    private const string Withheld = "(not shown)";

    /// <param name="host">Host and port, or several of them.</param>
    /// <param name="database">The database; null: the user's name is its name.</param>
    /// <param name="user">The user.</param>
    /// <param name="options">Where they come from.</param>
    internal static SqlTarget Of(string host, string? database, string? user, SqlConnectionOptions options) => new(
        DatabaseHosts.Are(host) ? host : Withheld,
        Checked(database ?? user ?? ""),
        Checked(user ?? ""),
        options switch
        {
            { SecretArn: { } arn } => $"the secret {arn}",
            { Url: not null } => "DATABASE_URL",
            _ => "the connection string",
        },
        options.RolePrefix);

    // A name can be anything, a password in the wrong place too.
    private static string Checked(string name) =>
        name.All(c => char.IsLetterOrDigit(c) || c is '_' or '-' or '.' or ' ' or '$') ? name : Withheld;
}
