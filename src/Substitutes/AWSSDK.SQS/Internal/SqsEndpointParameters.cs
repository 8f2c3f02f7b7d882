using Amazon.Runtime;
using Amazon.Runtime.Endpoints;
using Amazon.Util;

namespace Amazon.SQS.Internal;

/// <summary>What decides where requests go.</summary>
internal static class SqsEndpointParameters
{
    public const string Region = "Region";
    public const string UseDualStack = "UseDualStack";
    public const string UseFips = "UseFIPS";
    public const string Endpoint = "Endpoint";

    public static EndpointParameters From(IClientConfig config, RegionEndpoint alternateRegion) => new()
    {
        [Region] = alternateRegion?.SystemName ?? config.RegionEndpoint?.SystemName ?? RegionOf(config),
        [UseDualStack] = config.UseDualstackEndpoint,
        [UseFips] = config.UseFIPSEndpoint,
        [Endpoint] = config.ServiceURL,
    };

    private static string RegionOf(IClientConfig config) =>
        string.IsNullOrEmpty(config.ServiceURL) ? null
        : string.IsNullOrEmpty(config.AuthenticationRegion) ? AWSSDKUtils.DetermineRegion(config.ServiceURL)
        : config.AuthenticationRegion;
}
