using Amazon;

namespace Relaybox.Functions.Hosting;

/// <summary>Where a service of AWS is.</summary>
internal static class AwsEndpoint
{
    /// <summary>The service's endpoint in a region.</summary>
    internal static Uri OfRegion(string service, string region) =>
        new($"https://{service}.{region}.{RegionEndpoint.GetBySystemName(region).PartitionDnsSuffix}/");

    /// <summary>The endpoint that the environment names instead, as for the SDKs; null: none.</summary>
    /// <param name="service">What <c>AWS_ENDPOINT_URL_</c> ends with, such as <c>LAMBDA</c>.</param>
    /// <remarks>https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html</remarks>
    internal static Uri? OfEnvironment(string service) =>
        !string.Equals(Environment.GetEnvironmentVariable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), "true", StringComparison.OrdinalIgnoreCase)
        && (Environment.GetEnvironmentVariable($"AWS_ENDPOINT_URL_{service}") ?? Environment.GetEnvironmentVariable("AWS_ENDPOINT_URL"))
            is { Length: > 0 } url ? new Uri(url) : null;
}
