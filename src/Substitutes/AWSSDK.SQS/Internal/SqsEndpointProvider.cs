using Amazon.Runtime;
using Amazon.Runtime.Endpoints;
using Amazon.Runtime.Internal.Endpoints.StandardLibrary;

namespace Amazon.SQS.Internal;

/// <summary>The service's endpoint rules: a configured endpoint, or that of the region in its partition.</summary>
internal sealed class SqsEndpointProvider : IEndpointProvider
{
    public Endpoint ResolveEndpoint(EndpointParameters parameters)
    {
        var dualStack = parameters[SqsEndpointParameters.UseDualStack] is true;
        var fips = parameters[SqsEndpointParameters.UseFips] is true;
        if (parameters[SqsEndpointParameters.Endpoint] is string { Length: > 0 } configured)
        {
            return fips || dualStack
                ? throw new AmazonClientException("A configured endpoint excludes FIPS and dual-stack endpoints.")
                : new Endpoint(configured);
        }

        if (parameters[SqsEndpointParameters.Region] is not string { Length: > 0 } region
            || Fn.Partition(region) is not { } partition)
        {
            throw new AmazonClientException("No region is configured: set AWS_REGION, or RegionEndpoint in the code.");
        }

        if ((fips && !partition.supportsFIPS) || (dualStack && !partition.supportsDualStack))
        {
            throw new AmazonClientException($"Partition {partition.name} has no endpoint of that kind.");
        }

        // The endpoints of the US government's partition are FIPS endpoints under their usual name.
        var usualName = !fips || (partition.name == "aws-us-gov" && !dualStack);
        var suffix = dualStack ? partition.dualStackDnsSuffix : partition.dnsSuffix;
        return new Endpoint($"https://{(usualName ? "sqs" : "sqs-fips")}.{region}.{suffix}");
    }
}
