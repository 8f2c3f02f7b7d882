using System.Text.Json;
using Amazon.SQS.Internal;

namespace Amazon.SQS.Model;

/// <summary>Creates a queue, or finds the one that has the same name and attributes.</summary>
public class CreateQueueRequest : AmazonSQSRequest
{
    public CreateQueueRequest()
    {
    }

    public CreateQueueRequest(string queueName)
    {
        QueueName = queueName;
    }

    public Dictionary<string, string> Attributes { get; set; }

    public string QueueName { get; set; }

    internal override string Operation => "CreateQueue";

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.WriteTextMap("Attributes", Attributes);
        writer.WriteText("QueueName", QueueName);
    }
}
