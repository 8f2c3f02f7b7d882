using System.Text.Json;
using Amazon.SQS.Internal;

namespace Amazon.SQS.Model;

/// <summary>Deletes a received message.</summary>
public class DeleteMessageRequest : AmazonSQSRequest
{
    public DeleteMessageRequest()
    {
    }

    public DeleteMessageRequest(string queueUrl, string receiptHandle)
    {
        QueueUrl = queueUrl;
        ReceiptHandle = receiptHandle;
    }

    public string QueueUrl { get; set; }

    public string ReceiptHandle { get; set; }

    internal override string Operation => "DeleteMessage";

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.WriteText("QueueUrl", QueueUrl);
        writer.WriteText("ReceiptHandle", ReceiptHandle);
    }
}
