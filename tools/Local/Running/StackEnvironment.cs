using Relaybox.Local.Servers;
using Relaybox.Local.Runtime;
using Relaybox.Local.Stack;

namespace Relaybox.Local.Running;

/// <summary>The variables by which a shell, the AWS CLI or an SDK finds the stack.</summary>
internal static class StackEnvironment
{
    private static readonly (string Variable, string LogicalId)[] Tables =
        [("OUTBOX_TABLE", "OutboxTable"), ("INBOX_TABLE", "InboxTable"), ("JOBS_TABLE", "JobsTable"), ("EFFECTS_TABLE", "EffectsTable")];

    private static readonly (string Variable, string LogicalId)[] Queues =
        [("QUEUE_URL", "Queue"), ("DEAD_LETTER_QUEUE_URL", "DeadLetterQueue")];

    private static readonly string[] OfFunctions =
    [
        "OUTBOX_TABLE", "INBOX_TABLE", "JOBS_TABLE", "EFFECTS_TABLE", "DATABASE_SCHEMA", "NATS_URL", "NATS_STREAM", "NATS_SUBJECT_PREFIX",
    ];

    public static IReadOnlyDictionary<string, string> Create(StackDefinition stack, LocalServers servers)
    {
        var environment = new Dictionary<string, string>(WorkerEnvironment.Aws(servers.DynamoDb, servers.Sqs))
        {
            ["STORE"] = servers.Choice.Store,
            ["BROKER"] = servers.Choice.Broker,
        };
        foreach (var (variable, logicalId) in Tables)
        {
            if (stack.Table(logicalId) is { } table)
            {
                environment[variable] = table.Name;
            }
        }

        foreach (var (variable, logicalId) in Queues)
        {
            if (stack.Queue(logicalId) is { } queue)
            {
                environment[variable] = queue.Url;
            }
        }

        if (servers.Postgres is { } postgres)
        {
            AddPostgres(environment, postgres, servers.PostgresPassword);
        }

        // As the functions have them; no function needs all.
        foreach (var variable in OfFunctions)
        {
            if (stack.Functions.Select(function => function.Environment.GetValueOrDefault(variable)).FirstOrDefault(value => value is { Length: > 0 }) is { } value)
            {
                environment.TryAdd(variable, value);
            }
        }

        return environment;
    }

    // DATABASE_URL is Relaybox's own; the others are what psql and every driver read.
    private static void AddPostgres(Dictionary<string, string> environment, PostgresProcess postgres, string password)
    {
        environment["DATABASE_URL"] = $"postgres://{PostgresCluster.User}:{password}@127.0.0.1:{postgres.Port}/postgres";
        environment["PGHOST"] = "127.0.0.1";
        environment["PGPORT"] = $"{postgres.Port}";
        environment["PGUSER"] = PostgresCluster.User;
        environment["PGPASSWORD"] = password;
        environment["PGDATABASE"] = "postgres";
    }
}
