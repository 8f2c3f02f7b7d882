using Relaybox.Local.Running;

namespace Relaybox.Local.Demo;

/// <summary>The app for a run's store.</summary>
internal static class DemoApps
{
    public static IDemoApp Of(LocalRunner runner)
    {
        var stack = runner.Environment;
        return runner.Servers.Postgres is { } postgres
            ? new PostgresDemoApp(postgres.ConnectionString, stack["DATABASE_SCHEMA"], stack["OUTBOX_TABLE"], stack["EFFECTS_TABLE"])
            : new DynamoDbDemoApp(runner.Servers.DynamoDb!, stack["OUTBOX_TABLE"], stack["EFFECTS_TABLE"], TimeProvider.System);
    }
}
