using Amazon.Runtime;

namespace Amazon.SQS.Model;

/// <summary>The message is hidden.</summary>
public class ChangeMessageVisibilityResponse : AmazonWebServiceResponse
{
}
