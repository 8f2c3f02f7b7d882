using System.Text.Json;
using Amazon.SQS.Internal;

namespace Amazon.SQS.Model;

/// <summary>Sends one message.</summary>
public class SendMessageRequest : AmazonSQSRequest
{
    public SendMessageRequest()
    {
    }

    public SendMessageRequest(string queueUrl, string messageBody)
    {
        QueueUrl = queueUrl;
        MessageBody = messageBody;
    }

    public int? DelaySeconds { get; set; }

    public Dictionary<string, MessageAttributeValue> MessageAttributes { get; set; }

    public string MessageBody { get; set; }

    public string MessageDeduplicationId { get; set; }

    public string MessageGroupId { get; set; }

    public string QueueUrl { get; set; }

    internal override string Operation => "SendMessage";

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.WriteInteger("DelaySeconds", DelaySeconds);
        writer.WriteMap("MessageAttributes", MessageAttributes, static (value, json) => value.Write(json));
        writer.WriteText("MessageBody", MessageBody);
        writer.WriteText("MessageDeduplicationId", MessageDeduplicationId);
        writer.WriteText("MessageGroupId", MessageGroupId);
        writer.WriteText("QueueUrl", QueueUrl);
    }
}
