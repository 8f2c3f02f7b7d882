using System.Text.Json;
using Amazon.SQS.Internal;

namespace Amazon.SQS.Model;

/// <summary>Finds a queue by its name.</summary>
public class GetQueueUrlRequest : AmazonSQSRequest
{
    public GetQueueUrlRequest()
    {
    }

    public GetQueueUrlRequest(string queueName)
    {
        QueueName = queueName;
    }

    public string QueueName { get; set; }

    public string QueueOwnerAWSAccountId { get; set; }

    internal override string Operation => "GetQueueUrl";

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.WriteText("QueueName", QueueName);
        writer.WriteText("QueueOwnerAWSAccountId", QueueOwnerAWSAccountId);
    }
}
