using Amazon.Runtime;

namespace Amazon.SQS.Model;

/// <summary>The attributes will change within a minute.</summary>
public class SetQueueAttributesResponse : AmazonWebServiceResponse
{
}
