using System.Text.Json;
using Amazon.Runtime;
using Amazon.SQS.Internal;

namespace Amazon.SQS.Model;

/// <summary>Where the queue is.</summary>
public class GetQueueUrlResponse : AmazonWebServiceResponse
{
    public string QueueUrl { get; set; }

    internal static GetQueueUrlResponse Read(JsonElement json) => new()
    {
        QueueUrl = json.Text("QueueUrl"),
    };
}
