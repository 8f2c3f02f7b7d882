using System.CommandLine;
using Relaybox.Settings;
using Relaybox.Sqs;

namespace Relaybox.Local.Stores;

/// <summary>Brings the schema of an SQL database up to date from this machine: development, CI, or an operator with access.</summary>
internal static class MigrateCommand
{
    // The first one explains a text that is no URL of any of them.
    private static readonly IMigratedStore[] Stores = [.. LocalStores.All.OfType<IMigratedStore>()];

    private static readonly string UrlForms = string.Join(" or ", Stores.Select(store => store.UrlForm));

    public static Command Create()
    {
        var url = new Option<string?>("--url")
        {
            Description =
                $"{UrlForms}. Default: the variable DATABASE_URL. No secret is read (DATABASE_SECRET_ARN is for the functions)",
        };
        var schema = new Option<string?>("--schema") { Description = "The schema. Default: the variable DATABASE_SCHEMA, else relaybox" };
        var roles = new Option<bool>("--roles")
        {
            Description = "Also make the roles of least privilege, such as relaybox_app and relaybox_relay, and grant them what they need",
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
        var command = new Command("migrate", "Apply the migrations that an SQL database lacks");
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
    private static ISchemaMigration Read(Dictionary<string, string?> given)
    {
        var url = Variable("DATABASE_URL") ?? throw new RunnerException(
            $"Which database? Pass --url {UrlForms}, or set DATABASE_URL. "
            + "No secret is read here: where only DATABASE_SECRET_ARN is known, invoke the Setup function, which does the same.");
        var store = Array.Find(Stores, store => store.IsUrl(url)) ?? Stores[0];
        try
        {
            var settings = RelayboxSettings.Read(
                name => name == "STORE" ? store.Name : Variable(name), FunctionNeeds.None, [store.Provider], [new SqsBroker()]);
            return store.CreateMigration(settings.Store!);
        }
        catch (SettingsException exception)
        {
            throw new RunnerException(exception.Message, exception);
        }

        string? Variable(string name) =>
            name == "DATABASE_SECRET_ARN" ? null : given.GetValueOrDefault(name) ?? Environment.GetEnvironmentVariable(name);
    }

    private static async Task<int> RunAsync(ISchemaMigration migration, bool withRoles, CancellationToken cancellationToken)
    {
        await using (migration)
        {
            try
            {
                foreach (var name in await migration.MigrateAsync(cancellationToken))
                {
                    Console.WriteLine($"Applied {name}");
                }

                if (withRoles || migration.NamesUsers)
                {
                    await migration.GrantRolesAsync(cancellationToken);
                    Console.WriteLine("Granted the roles.");
                }

                Console.WriteLine($"The schema '{migration.Schema}' is up to date.");
                return 0;
            }
            catch (Exception exception) when (migration.Explain(exception) is { } reason)
            {
                throw new RunnerException($"The schema '{migration.Schema}' was not migrated: {reason}", exception);
            }
        }
    }
}
