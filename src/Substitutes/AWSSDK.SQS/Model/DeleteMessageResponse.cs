using Amazon.Runtime;

namespace Amazon.SQS.Model;

/// <summary>The message was deleted, or had been before.</summary>
public class DeleteMessageResponse : AmazonWebServiceResponse
{
}
