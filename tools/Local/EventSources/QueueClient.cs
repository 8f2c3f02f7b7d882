using System.Text.Json.Nodes;
using Relaybox.Local.Aws;

namespace Relaybox.Local.EventSources;

/// <summary>What an event source does with its queue.</summary>
/// <param name="sqs">By which messages are received and deleted.</param>
/// <param name="own">By which the runner does what no event source would: count, and send copies. Null: the same.</param>
internal sealed class QueueClient(AwsJsonClient sqs, string queueUrl, AwsJsonClient? own = null)
{
    private readonly AwsJsonClient _runner = own ?? sqs;

    private const int MaximumBatch = 10;

    public async Task<IReadOnlyList<QueueMessage>> ReceiveAsync(int maximum, int waitSeconds, CancellationToken cancellationToken)
    {
        var answer = await sqs.CallAsync(
            "ReceiveMessage",
            new JsonObject
            {
                ["QueueUrl"] = queueUrl,
                ["MaxNumberOfMessages"] = Math.Min(maximum, MaximumBatch),
                ["WaitTimeSeconds"] = waitSeconds,
                ["MessageSystemAttributeNames"] = new JsonArray("All"),
                ["MessageAttributeNames"] = new JsonArray("All"),
            },
            cancellationToken);
        return [.. (answer["Messages"] as JsonArray ?? []).Select(message => new QueueMessage(message!.AsObject()))];
    }

    public async Task DeleteAsync(IEnumerable<QueueMessage> messages, CancellationToken cancellationToken)
    {
        foreach (var chunk in messages.Chunk(MaximumBatch))
        {
            var entries = chunk.Select(
                (message, index) => (JsonNode)new JsonObject { ["Id"] = $"{index}", ["ReceiptHandle"] = message.ReceiptHandle });
            await sqs.CallAsync(
                "DeleteMessageBatch", new JsonObject { ["QueueUrl"] = queueUrl, ["Entries"] = new JsonArray([.. entries]) }, cancellationToken);
        }
    }

    /// <summary>Sends the same body and attributes once more.</summary>
    /// <returns>The id of the copy.</returns>
    public async Task<string> SendCopyAsync(QueueMessage message, CancellationToken cancellationToken)
    {
        var request = new JsonObject { ["QueueUrl"] = queueUrl, ["MessageBody"] = message.Source["Body"]!.DeepClone() };
        if (message.Source["MessageAttributes"] is { } attributes)
        {
            request["MessageAttributes"] = attributes.DeepClone();
        }

        if (message.GroupId is { } group)
        {
            // A FIFO queue would drop the copy by its deduplication id.
            request["MessageGroupId"] = group;
            request["MessageDeduplicationId"] = $"copy-{message.Id}";
        }

        return (string)(await _runner.CallAsync("SendMessage", request, cancellationToken))["MessageId"]!;
    }

    /// <summary>Messages that wait, are being worked on, or are delayed.</summary>
    public async Task<int> CountAsync(CancellationToken cancellationToken)
    {
        var answer = await _runner.CallAsync(
            "GetQueueAttributes", new JsonObject { ["QueueUrl"] = queueUrl, ["AttributeNames"] = new JsonArray("All") }, cancellationToken);
        var attributes = answer["Attributes"]!;
        return new[] { "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed" }
            .Sum(name => int.Parse((string?)attributes[name] ?? "0", System.Globalization.CultureInfo.InvariantCulture));
    }
}
