using Amazon.Runtime;

namespace Amazon.SQS.Model;

/// <summary>The queue will be gone within a minute.</summary>
public class DeleteQueueResponse : AmazonWebServiceResponse
{
}
