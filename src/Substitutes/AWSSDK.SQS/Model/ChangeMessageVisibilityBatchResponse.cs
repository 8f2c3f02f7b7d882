using System.Text.Json;
using Amazon.Runtime;
using Amazon.SQS.Internal;

namespace Amazon.SQS.Model;

/// <summary>One outcome per entry.</summary>
public class ChangeMessageVisibilityBatchResponse : AmazonWebServiceResponse
{
    public List<BatchResultErrorEntry> Failed { get; set; }

    public List<ChangeMessageVisibilityBatchResultEntry> Successful { get; set; }

    internal static ChangeMessageVisibilityBatchResponse Read(JsonElement json) => new()
    {
        Failed = json.List("Failed", BatchResultErrorEntry.Read),
        Successful = json.List("Successful", ChangeMessageVisibilityBatchResultEntry.Read),
    };
}
