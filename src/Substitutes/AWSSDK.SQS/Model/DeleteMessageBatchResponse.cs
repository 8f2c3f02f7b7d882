using System.Text.Json;
using Amazon.Runtime;
using Amazon.SQS.Internal;

namespace Amazon.SQS.Model;

/// <summary>One outcome per entry.</summary>
public class DeleteMessageBatchResponse : AmazonWebServiceResponse
{
    public List<BatchResultErrorEntry> Failed { get; set; }

    public List<DeleteMessageBatchResultEntry> Successful { get; set; }

    internal static DeleteMessageBatchResponse Read(JsonElement json) => new()
    {
        Failed = json.List("Failed", BatchResultErrorEntry.Read),
        Successful = json.List("Successful", DeleteMessageBatchResultEntry.Read),
    };
}
