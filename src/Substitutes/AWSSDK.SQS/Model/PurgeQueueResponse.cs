using Amazon.Runtime;

namespace Amazon.SQS.Model;

/// <summary>The messages will be gone within a minute.</summary>
public class PurgeQueueResponse : AmazonWebServiceResponse
{
}
