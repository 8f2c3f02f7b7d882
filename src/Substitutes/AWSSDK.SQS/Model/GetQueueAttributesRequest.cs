using System.Text.Json;
using Amazon.SQS.Internal;

namespace Amazon.SQS.Model;

/// <summary>Reads attributes of a queue; "All" names all of them.</summary>
public class GetQueueAttributesRequest : AmazonSQSRequest
{
    public GetQueueAttributesRequest()
    {
    }

    public GetQueueAttributesRequest(string queueUrl, List<string> attributeNames)
    {
        QueueUrl = queueUrl;
        AttributeNames = attributeNames;
    }

    public List<string> AttributeNames { get; set; }

    public string QueueUrl { get; set; }

    internal override string Operation => "GetQueueAttributes";

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.WriteTexts("AttributeNames", AttributeNames);
        writer.WriteText("QueueUrl", QueueUrl);
    }
}
