using System.Text.Json.Nodes;
using Relaybox.Local.Aws;
using Relaybox.Local.Stack;

namespace Relaybox.Local.Servers;

/// <summary>Creates the queues of a stack in an empty emulator.</summary>
internal sealed class QueueProvisioner(AwsJsonClient sqs)
{
    /// <summary>Returns when every queue can be used.</summary>
    public async Task CreateAsync(IEnumerable<QueueDefinition> queues, CancellationToken cancellationToken)
    {
        // A redrive policy must point to a queue that exists.
        foreach (var queue in queues.OrderBy(queue => queue.DeadLetterTargetArn is not null))
        {
            await CreateAsync(queue, cancellationToken);
        }
    }

    private async Task CreateAsync(QueueDefinition queue, CancellationToken cancellationToken)
    {
        var attributes = new JsonObject();
        foreach (var (name, value) in queue.Attributes)
        {
            attributes[name] = value;
        }

        var created = await sqs.CallAsync(
            "CreateQueue", new JsonObject { ["QueueName"] = queue.Name, ["Attributes"] = attributes }, cancellationToken);
        if ((string?)created["QueueUrl"] != queue.Url)
        {
            throw new InvalidOperationException($"The queue {queue.Name} has the URL {created["QueueUrl"]}, not {queue.Url}.");
        }
    }
}
