using System.Text.Json;
using Amazon.SQS.Internal;

namespace Amazon.SQS.Model;

/// <summary>Receives up to ten messages, and hides them from other receivers for a while.</summary>
public class ReceiveMessageRequest : AmazonSQSRequest
{
    public ReceiveMessageRequest()
    {
    }

    public ReceiveMessageRequest(string queueUrl)
    {
        QueueUrl = queueUrl;
    }

    public int? MaxNumberOfMessages { get; set; }

    public List<string> MessageAttributeNames { get; set; }

    public List<string> MessageSystemAttributeNames { get; set; }

    public string QueueUrl { get; set; }

    public string ReceiveRequestAttemptId { get; set; }

    public int? VisibilityTimeout { get; set; }

    public int? WaitTimeSeconds { get; set; }

    internal override string Operation => "ReceiveMessage";

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.WriteInteger("MaxNumberOfMessages", MaxNumberOfMessages);
        writer.WriteTexts("MessageAttributeNames", MessageAttributeNames);
        writer.WriteTexts("MessageSystemAttributeNames", MessageSystemAttributeNames);
        writer.WriteText("QueueUrl", QueueUrl);
        writer.WriteText("ReceiveRequestAttemptId", ReceiveRequestAttemptId);
        writer.WriteInteger("VisibilityTimeout", VisibilityTimeout);
        writer.WriteInteger("WaitTimeSeconds", WaitTimeSeconds);
    }
}
