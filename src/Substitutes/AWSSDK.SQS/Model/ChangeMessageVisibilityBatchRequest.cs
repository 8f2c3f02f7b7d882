using System.Text.Json;
using Amazon.SQS.Internal;

namespace Amazon.SQS.Model;

/// <summary>Hides up to ten received messages.</summary>
public class ChangeMessageVisibilityBatchRequest : AmazonSQSRequest
{
    public ChangeMessageVisibilityBatchRequest()
    {
    }

    public ChangeMessageVisibilityBatchRequest(string queueUrl, List<ChangeMessageVisibilityBatchRequestEntry> entries)
    {
        QueueUrl = queueUrl;
        Entries = entries;
    }

    public List<ChangeMessageVisibilityBatchRequestEntry> Entries { get; set; }

    public string QueueUrl { get; set; }

    internal override string Operation => "ChangeMessageVisibilityBatch";

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.WriteList("Entries", Entries, static (entry, json) => entry.Write(json));
        writer.WriteText("QueueUrl", QueueUrl);
    }
}
