using System.CommandLine;
using Npgsql;
using Relaybox.Postgres;
using Relaybox.Secrets;
using Relaybox.Settings;
using Relaybox.Sqs;

namespace Relaybox.Local.Stores.Postgres;

/// <summary>Brings a PostgreSQL schema up to date from this machine: development, CI, or an operator with access.</summary>
internal static class MigrateCommand
{
    public static Command Create()
    {
        var url = new Option<string?>("--url")
        {
            Description =
                "postgres://user:password@host:port/database. Default: the variable DATABASE_URL. "
                + "No secret is read (DATABASE_SECRET_ARN is for the functions)",
        };
        var schema = new Option<string?>("--schema") { Description = "The schema. Default: the variable DATABASE_SCHEMA, else relaybox" };
        var roles = new Option<bool>("--roles")
        {
            Description =
                "Also make the roles of least privilege (relaybox_app, relaybox_relay, "
                + "relaybox_cleaner, relaybox_consumer) and grant them what they need",
        };
        var prefix = new Option<string?>("--role-prefix")
        {
            Description = "Other names of the roles: what stands before _app. Default: the variable DATABASE_ROLE_PREFIX, else relaybox",
        };
        var functionsUser = new Option<string?>("--functions-user")
        {
            Description =
                "Implies --roles: the user that gets the roles of relay, cleaner and consumer. Default: the variable DATABASE_FUNCTIONS_USER",
        };
        var appUsers = new Option<string?>("--app-users")
        {
            Description = "Implies --roles: the users that get the app's role, separated by commas. Default: the variable DATABASE_APP_USERS",
        };
        var command = new Command("migrate", "Apply the migrations that a PostgreSQL database lacks");
        command.Options.Add(url);
        command.Options.Add(schema);
        command.Options.Add(roles);
        command.Options.Add(prefix);
        command.Options.Add(functionsUser);
        command.Options.Add(appUsers);
        command.SetAction(async (result, cancellationToken) =>
        {
            var given = new Dictionary<string, string?>
            {
                ["DATABASE_URL"] = result.GetValue(url),
                ["DATABASE_SCHEMA"] = result.GetValue(schema),
                ["DATABASE_ROLE_PREFIX"] = result.GetValue(prefix),
                ["DATABASE_FUNCTIONS_USER"] = result.GetValue(functionsUser),
                ["DATABASE_APP_USERS"] = result.GetValue(appUsers),
            };
            return await RunAsync(Read(given), result.GetValue(roles), cancellationToken);
        });
        return command;
    }

    /// <exception cref="RunnerException">Something is wrong with what is configured.</exception>
    private static PostgresSettings Read(Dictionary<string, string?> given)
    {
        try
        {
            return (PostgresSettings)RelayboxSettings.Read(Variable, FunctionNeeds.None, [new PostgresStore()], [new SqsBroker()]).Store!;
        }
        catch (SettingsException exception)
        {
            throw new RunnerException(exception.Message, exception);
        }

        string? Variable(string name) => name switch
        {
            "STORE" => "postgres",
            "DATABASE_SECRET_ARN" => null,
            _ => (given.GetValueOrDefault(name) ?? Environment.GetEnvironmentVariable(name), name) switch
            {
                ({ } value, _) => value,
                (null, "DATABASE_URL") => throw new RunnerException(
                    "Which database? Pass --url postgres://user:password@host:port/database, or set DATABASE_URL. No secret is read here: "
                    + "where only DATABASE_SECRET_ARN is known, invoke the Setup function, which does the same."),
                _ => null,
            },
        };
    }

    private static async Task<int> RunAsync(PostgresSettings settings, bool withRoles, CancellationToken cancellationToken)
    {
        await using var connections = new PostgresConnections(settings.Connection, new NoSecrets());
        var migrator = new PostgresMigrator(connections, settings.Tables, new MigrateLog());
        try
        {
            var applied = await migrator.MigrateAsync(cancellationToken);
            foreach (var name in applied)
            {
                Console.WriteLine($"Applied {name}");
            }

            if (withRoles || settings.Roles is not null)
            {
                string[] tables = settings.EffectsTable is { } effects ? [effects] : [];
                var roles = settings.Roles ?? PostgresRoles.WithPrefix(settings.RolePrefix);
                await migrator.GrantRolesAsync(roles with { HandlerTables = tables }, cancellationToken);
                Console.WriteLine("Granted the roles.");
            }

            Console.WriteLine($"The schema '{settings.Tables.Schema}' is up to date.");
            return 0;
        }
        catch (Exception exception) when (exception is MigrationException or NpgsqlException)
        {
            var reason = connections.Explain(exception)?.Message ?? exception.Message;
            throw new RunnerException($"The schema '{settings.Tables.Schema}' was not migrated: {reason}", exception);
        }
    }

    private sealed class NoSecrets : ISecretSource
    {
        public Task<string> GetAsync(string arn, CancellationToken cancellationToken) =>
            throw new RunnerException("There are no secrets on this machine: pass --url.");
    }
}
