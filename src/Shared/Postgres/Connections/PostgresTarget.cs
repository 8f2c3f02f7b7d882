using Npgsql;

namespace Relaybox.Postgres;

/// <summary>What may be said of a connection: where it leads and as whom, never its password.</summary>
/// <param name="Host">Host and port, or several of them.</param>
/// <param name="Database">The database.</param>
/// <param name="User">The user.</param>
/// <param name="Credentials">Where the credentials come from.</param>
/// <param name="RolePrefix">What the names of the roles begin with.</param>
internal sealed record PostgresTarget(string Host, string Database, string User, string Credentials, string RolePrefix)
{
    private const string Withheld = "(not shown)";

    internal static PostgresTarget Of(string connectionString, PostgresConnectionOptions options)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString);
        var user = Checked(builder.Username ?? "");
        return new PostgresTarget(
            PostgresUrl.AreHosts(builder.Host ?? "") ? HostAndPort(builder.Host ?? "", builder.Port) : Withheld,
            builder.Database is { } database ? Checked(database) : user,
            user,
            options switch
            {
                { SecretArn: { } arn } => $"the secret {arn}",
                { Url: not null } => "DATABASE_URL",
                _ => "the connection string",
            },
            options.RolePrefix);
    }

    // A name can be anything, a password in the wrong place too.
    private static string Checked(string name) =>
        name.All(c => char.IsLetterOrDigit(c) || c is '_' or '-' or '.' or ' ' or '$') ? name : Withheld;

    private static string HostAndPort(string host, int port) =>
        host.Contains(',', StringComparison.Ordinal) ? host
        : host.Contains(':', StringComparison.Ordinal) ? $"[{host}]:{port}"
        : $"{host}:{port}";
}
