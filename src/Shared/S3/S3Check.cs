using Amazon.S3;
using Amazon.S3.Model;
using Relaybox.Operations;

namespace Relaybox.S3;

/// <summary>Whether the claim check's bucket is there, and lets the caller in.</summary>
internal sealed class S3Check(IAmazonS3 s3, string bucket) : IDoctorCheck
{
    /// <inheritdoc />
    public string Name => "payloads";

    /// <inheritdoc />
    public string Passed => "The claim check's bucket is there.";

    /// <inheritdoc />
    public async Task<IReadOnlyList<Finding>> FindAsync(CancellationToken cancellationToken)
    {
        try
        {
            await s3.HeadBucketAsync(new HeadBucketRequest { BucketName = bucket }, cancellationToken);
            return [];
        }
        catch (Exception e) when (S3Fault.IsOfService(e, cancellationToken))
        {
            return [Finding.Problem($"{Name}.failed", S3Fault.Explain(e, bucket, reference: null, "s3:ListBucket").Message)];
        }
    }
}
