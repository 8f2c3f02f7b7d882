using System.Text.Json;
using Amazon.SQS.Internal;

namespace Amazon.SQS.Model;

/// <summary>Lists queues whose names begin with the prefix.</summary>
public class ListQueuesRequest : AmazonSQSRequest
{
    public ListQueuesRequest()
    {
    }

    public ListQueuesRequest(string queueNamePrefix)
    {
        QueueNamePrefix = queueNamePrefix;
    }

    public int? MaxResults { get; set; }

    public string NextToken { get; set; }

    public string QueueNamePrefix { get; set; }

    internal override string Operation => "ListQueues";

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.WriteInteger("MaxResults", MaxResults);
        writer.WriteText("NextToken", NextToken);
        writer.WriteText("QueueNamePrefix", QueueNamePrefix);
    }
}
