using System.Text.Json;
using Amazon.SQS.Internal;

namespace Amazon.SQS.Model;

/// <summary>Deletes every message of a queue.</summary>
public class PurgeQueueRequest : AmazonSQSRequest
{
    public string QueueUrl { get; set; }

    internal override string Operation => "PurgeQueue";

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.WriteText("QueueUrl", QueueUrl);
    }
}
