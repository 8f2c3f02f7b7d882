using System.Text.Json;
using Amazon.SQS.Internal;

namespace Amazon.SQS.Model;

/// <summary>Sends up to ten messages.</summary>
public class SendMessageBatchRequest : AmazonSQSRequest
{
    public SendMessageBatchRequest()
    {
    }

    public SendMessageBatchRequest(string queueUrl, List<SendMessageBatchRequestEntry> entries)
    {
        QueueUrl = queueUrl;
        Entries = entries;
    }

    public List<SendMessageBatchRequestEntry> Entries { get; set; }

    public string QueueUrl { get; set; }

    internal override string Operation => "SendMessageBatch";

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.WriteList("Entries", Entries, static (entry, json) => entry.Write(json));
        writer.WriteText("QueueUrl", QueueUrl);
    }
}
