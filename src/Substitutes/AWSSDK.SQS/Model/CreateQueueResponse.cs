using System.Text.Json;
using Amazon.Runtime;
using Amazon.SQS.Internal;

namespace Amazon.SQS.Model;

/// <summary>Where the queue is.</summary>
public class CreateQueueResponse : AmazonWebServiceResponse
{
    public string QueueUrl { get; set; }

    internal static CreateQueueResponse Read(JsonElement json) => new()
    {
        QueueUrl = json.Text("QueueUrl"),
    };
}
