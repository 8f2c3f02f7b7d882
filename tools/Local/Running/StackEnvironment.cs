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

    public static IReadOnlyDictionary<string, string> Create(StackDefinition stack, Uri dynamoDb, Uri sqs)
    {
        var environment = new Dictionary<string, string>(WorkerEnvironment.Aws(dynamoDb, sqs));
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

        return environment;
    }
}
