using System.Text.Json;
using Amazon.Runtime;
using Amazon.SQS.Internal;

namespace Amazon.SQS.Model;

/// <summary>One outcome per entry, in either list. An entry in neither list has an unknown outcome.</summary>
public class SendMessageBatchResponse : AmazonWebServiceResponse
{
    public List<BatchResultErrorEntry> Failed { get; set; }

    public List<SendMessageBatchResultEntry> Successful { get; set; }

    internal static SendMessageBatchResponse Read(JsonElement json) => new()
    {
        Failed = json.List("Failed", BatchResultErrorEntry.Read),
        Successful = json.List("Successful", SendMessageBatchResultEntry.Read),
    };
}
