using System.Text.Json;
using Amazon.SQS.Internal;

namespace Amazon.SQS.Model;

/// <summary>Hides a received message for this many seconds from now.</summary>
public class ChangeMessageVisibilityRequest : AmazonSQSRequest
{
    public ChangeMessageVisibilityRequest()
    {
    }

    public ChangeMessageVisibilityRequest(string queueUrl, string receiptHandle, int? visibilityTimeout)
    {
        QueueUrl = queueUrl;
        ReceiptHandle = receiptHandle;
        VisibilityTimeout = visibilityTimeout;
    }

    public string QueueUrl { get; set; }

    public string ReceiptHandle { get; set; }

    public int? VisibilityTimeout { get; set; }

    internal override string Operation => "ChangeMessageVisibility";

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.WriteText("QueueUrl", QueueUrl);
        writer.WriteText("ReceiptHandle", ReceiptHandle);
        writer.WriteInteger("VisibilityTimeout", VisibilityTimeout);
    }
}
