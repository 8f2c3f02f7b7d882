using System.Text.Json;
using Amazon.SQS.Internal;

namespace Amazon.SQS.Model;

/// <summary>One message to hide, and for how many seconds.</summary>
public class ChangeMessageVisibilityBatchRequestEntry
{
    public ChangeMessageVisibilityBatchRequestEntry()
    {
    }

    public ChangeMessageVisibilityBatchRequestEntry(string id, string receiptHandle)
    {
        Id = id;
        ReceiptHandle = receiptHandle;
    }

    public string Id { get; set; }

    public string ReceiptHandle { get; set; }

    public int? VisibilityTimeout { get; set; }

    internal void Write(Utf8JsonWriter writer)
    {
        writer.WriteText("Id", Id);
        writer.WriteText("ReceiptHandle", ReceiptHandle);
        writer.WriteInteger("VisibilityTimeout", VisibilityTimeout);
    }
}
