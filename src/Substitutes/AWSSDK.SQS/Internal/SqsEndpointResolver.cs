using Amazon.Runtime;
using Amazon.Runtime.Endpoints;
using Amazon.Runtime.Internal;

namespace Amazon.SQS.Internal;

/// <summary>Sends every request to the one endpoint of the client; the queue is named in the body.</summary>
internal sealed class SqsEndpointResolver : BaseEndpointResolver
{
    protected override void ServiceSpecificHandler(
        IExecutionContext executionContext, EndpointParameters parameters) =>
        InjectHostPrefix(executionContext.RequestContext);

    protected override EndpointParameters MapEndpointsParameters(IRequestContext requestContext) =>
        SqsEndpointParameters.From(requestContext.ClientConfig, requestContext.Request.AlternateEndpoint);
}
