using System.Text.Json;
using Amazon.SQS.Internal;

namespace Amazon.SQS.Model;

/// <summary>Changes attributes of a queue.</summary>
public class SetQueueAttributesRequest : AmazonSQSRequest
{
    public SetQueueAttributesRequest()
    {
    }

    public SetQueueAttributesRequest(string queueUrl, Dictionary<string, string> attributes)
    {
        QueueUrl = queueUrl;
        Attributes = attributes;
    }

    public Dictionary<string, string> Attributes { get; set; }

    public string QueueUrl { get; set; }

    internal override string Operation => "SetQueueAttributes";

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.WriteTextMap("Attributes", Attributes);
        writer.WriteText("QueueUrl", QueueUrl);
    }
}
