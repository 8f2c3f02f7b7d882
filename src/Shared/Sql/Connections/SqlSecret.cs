using System.Text.Json.Nodes;
using Relaybox.Connections;
using Relaybox.Secrets;

namespace Relaybox.Sql;

/// <summary>
/// A database's secret in the form of Amazon RDS: a JSON object with <c>host</c>, <c>port</c>, <c>dbname</c>, <c>username</c> and
/// <c>password</c>. The settings' host, port and database take the place of the secret's.
/// </summary>
/// <param name="Host">The host, or several.</param>
/// <param name="Port">The port.</param>
/// <param name="Database">The database.</param>
/// <param name="User">The user.</param>
/// <param name="Password">The password.</param>
/// <param name="Fields">All fields.</param>
internal sealed record SqlSecret(string Host, int Port, string Database, string User, string Password, JsonObject Fields)
{
    /// <summary>Makes something of a secret.</summary>
    /// <param name="secret">The secret's text.</param>
    /// <param name="options">Its ARN, and what the settings say in its place.</param>
    /// <param name="port">The port where neither of them has one.</param>
    /// <param name="use">Makes it; a <see cref="FormatException"/> says what is wrong, and quotes nothing.</param>
    /// <exception cref="SecretException">The secret cannot be used.</exception>
    internal static T Use<T>(string secret, SqlConnectionOptions options, int port, Func<SqlSecret, T> use)
    {
        try
        {
            return use(Read(secret, options, port));
        }
        catch (FormatException e)
        {
            throw new SecretException($"The database's secret {options.SecretArn} cannot be used: {e.Message}.", e);
        }
    }

    /// <summary>Never what is secret.</summary>
    public override string ToString() => nameof(SqlSecret);

    private static SqlSecret Read(string secret, SqlConnectionOptions options, int defaultPort)
    {
        var fields = SecretJson.Parse(secret) ?? throw Wrong("is not a JSON object");
        var host = options.Host ?? fields.Text("host") ?? throw Wrong("has no 'host', and DATABASE_HOST is not set");
        return new SqlSecret(
            DatabaseHosts.Are(host) ? host : throw Wrong("has a 'host' that is not one"),
            options.Port ?? (fields.Text("port") is { } port
                ? int.TryParse(port, out var number) ? number : throw Wrong("has a 'port' that is not a number")
                : defaultPort),
            options.Database ?? fields.Text("dbname") ?? fields.Text("database") ?? throw Wrong("has no 'dbname', and DATABASE_NAME is not set"),
            fields.Text("username") ?? throw Wrong("has no 'username'"),
            fields.Text("password") ?? throw Wrong("has no 'password'"),
            fields);

        SecretException Wrong(string what) => new(
            $"The database's secret {options.SecretArn} {what}. It must be a JSON object with host, port, dbname, username and password.");
    }
}
