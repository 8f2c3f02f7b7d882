using System.Text.Json;
using Amazon.Runtime;
using Amazon.SQS.Internal;

namespace Amazon.SQS.Model;

/// <summary>The messages; null when there are none.</summary>
public class ReceiveMessageResponse : AmazonWebServiceResponse
{
    public List<Message> Messages { get; set; }

    internal static ReceiveMessageResponse Read(JsonElement json) => new()
    {
        Messages = json.List("Messages", Message.Read),
    };
}
