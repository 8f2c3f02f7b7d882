using System.Text.Json;
using Amazon.Runtime;
using Amazon.SQS.Internal;

namespace Amazon.SQS.Model;

/// <summary>A page of queue URLs, and where the next one begins.</summary>
public class ListQueuesResponse : AmazonWebServiceResponse
{
    public string NextToken { get; set; }

    public List<string> QueueUrls { get; set; }

    internal static ListQueuesResponse Read(JsonElement json) => new()
    {
        NextToken = json.Text("NextToken"),
        QueueUrls = json.List("QueueUrls", static value => value.GetString()),
    };
}
