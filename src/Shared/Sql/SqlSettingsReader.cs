using Relaybox.Connections;
using Relaybox.Settings;

namespace Relaybox.Sql;

/// <summary>Reads what the settings of SQL stores have in common.</summary>
/// <param name="reader">The settings.</param>
/// <param name="rules">The database's rules for names.</param>
internal sealed class SqlSettingsReader(SettingsReader reader, SqlIdentifier rules)
{
    /// <summary>A name.</summary>
    internal string Identifier(string name, string fallback)
    {
        try
        {
            return rules.Require(name, reader.Optional(name) ?? fallback);
        }
        catch (SettingsException e)
        {
            reader.Add(string.Join(" ", e.Errors));
            return fallback;
        }
    }

    /// <summary>A name, or null where it is not set.</summary>
    internal string? OptionalIdentifier(string name, string fallback) => reader.Optional(name) is null ? null : Identifier(name, fallback);

    /// <summary>Texts with commas between them, such as names; none where one of them is not of the form.</summary>
    internal string[] List(string name, Predicate<string> isOfForm, string form)
    {
        var texts = reader.List(name);
        if (Array.TrueForAll(texts, isOfForm))
        {
            return texts;
        }

        reader.Add($"{name} holds what is no name. Set it to {form}, separated by commas.");
        return [];
    }

    /// <summary>Sets the schema, whose name the options check further.</summary>
    internal T Schema<T>(T tables, Func<T, string, T> set)
    {
        try
        {
            return set(tables, Identifier("DATABASE_SCHEMA", "relaybox"));
        }
        catch (SettingsException e)
        {
            reader.Add($"DATABASE_SCHEMA cannot be used. {string.Join(" ", e.Errors)}");
            return tables;
        }
    }

    /// <summary>How the database is reached.</summary>
    /// <param name="empty">Options of the store.</param>
    /// <param name="port">The database's usual port.</param>
    /// <param name="check">Says what is wrong with the options' URL, without the URL itself; null if nothing is.</param>
    internal T Connection<T>(T empty, int port, Func<T, string?> check)
        where T : SqlConnectionOptions
    {
        var options = empty with
        {
            Url = reader.Optional("DATABASE_URL"),
            SecretArn = reader.Arn("DATABASE_SECRET_ARN", "secretsmanager"),
            Host = reader.Optional("DATABASE_HOST"),
            Port = reader.Optional("DATABASE_PORT") is null ? null : reader.Number("DATABASE_PORT", port, 1, 65_535),
            Database = reader.Optional("DATABASE_NAME"),
            CertificateAuthorityFile = reader.File("DATABASE_CA_FILE", "a file of PEM certificates"),
            MaxPoolSize = reader.Number("DATABASE_MAX_CONNECTIONS", 20, 2, 1_000),
            ApplicationName = $"relaybox {reader.Optional("ANNOTATIONS_HANDLER")}".TrimEnd(),
        };
        DatabaseSource.CheckHosts(reader, options.Host, DatabaseHosts.Are);

        reader.RefuseBeside("DATABASE_URL", "DATABASE_HOST", "DATABASE_PORT", "DATABASE_NAME");
        DatabaseSource.Check(
            reader, "DATABASE_URL", options.Url, options.SecretArn, " with host, port, dbname, username and password", () => check(options));

        return options;
    }
}
