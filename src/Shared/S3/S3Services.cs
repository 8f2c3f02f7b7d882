using Amazon.S3;
using Microsoft.Extensions.DependencyInjection;
using Relaybox.Messaging;
using Relaybox.Operations;
using Relaybox.Settings;

namespace Relaybox.S3;

/// <summary>Adds the claim check, where it is switched on. The client is made when something first asks for it.</summary>
internal static class S3Services
{
    // An outage of S3 must leave time for rows and messages whose payloads are not there.
    private const int CallRetries = 1;
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(8);

    /// <summary>Adds it.</summary>
    /// <param name="services">The services of the function.</param>
    /// <param name="settings">Where payloads are kept.</param>
    internal static void AddClaimCheck(this IServiceCollection services, ClaimCheckSettings settings)
    {
        services.AddSingleton<IAmazonS3>(_ => new AmazonS3Client(new AmazonS3Config
        {
            Timeout = CallTimeout,
            MaxErrorRetry = CallRetries,

            // Another endpoint than AWS's has no names for buckets.
            ForcePathStyle = Environment.GetEnvironmentVariable("AWS_ENDPOINT_URL_S3") is { Length: > 0 },
        }));
        services.AddSingleton<IPayloadStore>(provider => new S3PayloadStore(provider.GetRequiredService<IAmazonS3>(), settings.Bucket));
        services.AddSingleton(provider => new ClaimCheck(provider.GetRequiredService<IPayloadStore>(), settings.ThresholdBytes));
        services.AddSingleton<IDoctorCheck>(provider => new S3Check(provider.GetRequiredService<IAmazonS3>(), settings.Bucket));
    }
}
