using System.Text.Json;
using Amazon.SQS.Internal;

namespace Amazon.SQS.Model;

/// <summary>Deletes up to ten received messages.</summary>
public class DeleteMessageBatchRequest : AmazonSQSRequest
{
    public DeleteMessageBatchRequest()
    {
    }

    public DeleteMessageBatchRequest(string queueUrl, List<DeleteMessageBatchRequestEntry> entries)
    {
        QueueUrl = queueUrl;
        Entries = entries;
    }

    public List<DeleteMessageBatchRequestEntry> Entries { get; set; }

    public string QueueUrl { get; set; }

    internal override string Operation => "DeleteMessageBatch";

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.WriteList("Entries", Entries, static (entry, json) => entry.Write(json));
        writer.WriteText("QueueUrl", QueueUrl);
    }
}
