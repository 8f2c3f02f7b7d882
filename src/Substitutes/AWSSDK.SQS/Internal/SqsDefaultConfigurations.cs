using Amazon.Runtime;

namespace Amazon.SQS.Internal;

/// <summary>
/// The defaults that AWS_DEFAULTS_MODE chooses from.
/// See https://docs.aws.amazon.com/sdkref/latest/guide/feature-smart-config-defaults.html.
/// </summary>
internal static class SqsDefaultConfigurations
{
    public static IReadOnlyList<IDefaultConfiguration> All { get; } =
    [
        Create(DefaultConfigurationMode.Standard, connectMilliseconds: 3100),
        Create(DefaultConfigurationMode.InRegion, connectMilliseconds: 1100),
        Create(DefaultConfigurationMode.CrossRegion, connectMilliseconds: 3100),
        Create(DefaultConfigurationMode.Mobile, connectMilliseconds: 30_000),
        Create(DefaultConfigurationMode.Auto, connectMilliseconds: 1100),
    ];

    private static DefaultConfiguration Create(DefaultConfigurationMode mode, int connectMilliseconds) => new()
    {
        Name = mode,
        RetryMode = RequestRetryMode.Standard,
        S3UsEast1RegionalEndpoint = S3UsEast1RegionalEndpointValue.Regional,
        ConnectTimeout = TimeSpan.FromMilliseconds(connectMilliseconds),
        TlsNegotiationTimeout = TimeSpan.FromMilliseconds(connectMilliseconds),
    };
}
