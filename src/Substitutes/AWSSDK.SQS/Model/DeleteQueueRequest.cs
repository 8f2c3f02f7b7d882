using System.Text.Json;
using Amazon.SQS.Internal;

namespace Amazon.SQS.Model;

/// <summary>Deletes a queue with its messages.</summary>
public class DeleteQueueRequest : AmazonSQSRequest
{
    public DeleteQueueRequest()
    {
    }

    public DeleteQueueRequest(string queueUrl)
    {
        QueueUrl = queueUrl;
    }

    public string QueueUrl { get; set; }

    internal override string Operation => "DeleteQueue";

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.WriteText("QueueUrl", QueueUrl);
    }
}
