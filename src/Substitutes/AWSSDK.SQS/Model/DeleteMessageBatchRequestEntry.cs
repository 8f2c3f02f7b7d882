using System.Text.Json;
using Amazon.SQS.Internal;

namespace Amazon.SQS.Model;

/// <summary>One message to delete.</summary>
public class DeleteMessageBatchRequestEntry
{
    public DeleteMessageBatchRequestEntry()
    {
    }

    public DeleteMessageBatchRequestEntry(string id, string receiptHandle)
    {
        Id = id;
        ReceiptHandle = receiptHandle;
    }

    public string Id { get; set; }

    public string ReceiptHandle { get; set; }

    internal void Write(Utf8JsonWriter writer)
    {
        writer.WriteText("Id", Id);
        writer.WriteText("ReceiptHandle", ReceiptHandle);
    }
}
