using Relaybox.Local.Lambda;
using Relaybox.Local.Stack;

namespace Relaybox.Local.Running;

/// <summary>The variables by which a shell, the AWS CLI or an SDK finds the stack.</summary>
internal static class StackEnvironment
{
    private static readonly (string Variable, string LogicalId)[] Tables =
        [("OUTBOX_TABLE", "OutboxTable"), ("INBOX_TABLE", "InboxTable"), ("JOBS_TABLE", "JobsTable"), ("EFFECTS_TABLE", "EffectsTable")];

    private static readonly (string Variable, string LogicalId)[] Queues =
        [("QUEUE_URL", "Queue"), ("DEAD_LETTER_QUEUE_URL", "DeadLetterQueue")];

    /// <param name="plan">The run.</param>
    /// <param name="servers">Its servers, which have started.</param>
    public static IReadOnlyDictionary<string, string> Create(StackPlan plan, LocalServers servers)
    {
        var stack = plan.Stack;
        var environment = new Dictionary<string, string>(WorkerEnvironment.Aws(servers.AwsEndpoints))
        {
            ["STORE"] = plan.Store.Name,
            ["BROKER"] = plan.Broker.Name,
            ["AWS_ENDPOINT_URL_LAMBDA"] = $"http://127.0.0.1:{plan.Ports.Runtime}",
            ["AWS_ENDPOINT_URL_SCHEDULER"] = $"http://127.0.0.1:{plan.Ports.Runtime}",
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

        if (stack.Buckets is [var bucket])
        {
            environment["CLAIM_CHECK_BUCKET"] = bucket;
        }

        foreach (var (variable, value) in servers.Store.Environment.Concat(servers.Broker.Environment))
        {
            environment[variable] = value;
        }

        // As the functions have them; no function needs all.
        foreach (var variable in Tables.Select(table => table.Variable)
            .Concat(servers.Store.FunctionVariables)
            .Concat(servers.Broker.FunctionVariables))
        {
            if (stack.Functions.Select(function => function.Environment.GetValueOrDefault(variable)).FirstOrDefault(
                value => value is { Length: > 0 }) is { } value)
            {
                environment.TryAdd(variable, value);
            }
        }

        return environment;
    }
}
