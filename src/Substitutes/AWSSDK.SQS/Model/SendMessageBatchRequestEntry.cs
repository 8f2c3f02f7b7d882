using System.Text.Json;
using Amazon.SQS.Internal;

namespace Amazon.SQS.Model;

/// <summary>One message of a batch; the id only tells the outcomes apart.</summary>
public class SendMessageBatchRequestEntry
{
    public SendMessageBatchRequestEntry()
    {
    }

    public SendMessageBatchRequestEntry(string id, string messageBody)
    {
        Id = id;
        MessageBody = messageBody;
    }

    public int? DelaySeconds { get; set; }

    public string Id { get; set; }

    public Dictionary<string, MessageAttributeValue> MessageAttributes { get; set; }

    public string MessageBody { get; set; }

    public string MessageDeduplicationId { get; set; }

    public string MessageGroupId { get; set; }

    internal void Write(Utf8JsonWriter writer)
    {
        writer.WriteInteger("DelaySeconds", DelaySeconds);
        writer.WriteText("Id", Id);
        writer.WriteMap("MessageAttributes", MessageAttributes, static (value, json) => value.Write(json));
        writer.WriteText("MessageBody", MessageBody);
        writer.WriteText("MessageDeduplicationId", MessageDeduplicationId);
        writer.WriteText("MessageGroupId", MessageGroupId);
    }
}
