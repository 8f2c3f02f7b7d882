using System.Runtime.InteropServices;
using Amazon.S3;
using Amazon.S3.Model;
using Relaybox.Messaging;

namespace Relaybox.S3;

/// <summary>Payloads in a bucket of S3, each under the name of its hash.</summary>
public sealed class S3PayloadStore : IPayloadStore
{
    private readonly IAmazonS3 _s3;

    /// <summary>Makes a store; many threads may use it at once.</summary>
    /// <param name="s3">The client, which the app disposes. Its own retries come first.</param>
    /// <param name="bucket">The bucket; the same as the functions have (CLAIM_CHECK_BUCKET).</param>
    public S3PayloadStore(IAmazonS3 s3, string bucket)
    {
        ArgumentNullException.ThrowIfNull(s3);
        ArgumentException.ThrowIfNullOrEmpty(bucket);
        (_s3, Bucket) = (s3, bucket);
    }

    /// <inheritdoc />
    public string Bucket { get; }

    /// <inheritdoc />
    public async Task PutAsync(PayloadReference reference, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(reference);
        try
        {
            var bytes = MemoryMarshal.TryGetArray(payload, out var segment) ? segment : new ArraySegment<byte>(payload.ToArray());
            using var body = new MemoryStream(bytes.Array!, bytes.Offset, bytes.Count, writable: false);
            await _s3.PutObjectAsync(
                new PutObjectRequest
                {
                    BucketName = Bucket,
                    Key = reference.Key,
                    InputStream = body,
                    AutoCloseStream = false,
                    ContentType = "text/plain; charset=utf-8",
                    UseChunkEncoding = false,

                    // S3 compares it with what has arrived, and refuses what is not the payload.
                    ChecksumSHA256 = Convert.ToBase64String(Convert.FromHexString(reference.Sha256)),
                },
                cancellationToken);
        }
        catch (Exception e) when (S3Fault.IsOfService(e, cancellationToken))
        {
            throw S3Fault.Explain(e, Bucket, reference, "s3:PutObject");
        }
    }

    /// <inheritdoc />
    public async Task<ReadOnlyMemory<byte>> GetAsync(PayloadReference reference, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(reference);
        try
        {
            // The checksum is verified by the caller, over the whole.
            using var response = await _s3.GetObjectAsync(
                new GetObjectRequest { BucketName = Bucket, Key = reference.Key }, cancellationToken);
            if (response.ContentLength != reference.Bytes)
            {
                return ReadOnlyMemory<byte>.Empty;
            }

            var payload = new byte[reference.Bytes];
            await response.ResponseStream.ReadExactlyAsync(payload, cancellationToken);
            return payload;
        }
        catch (Exception e) when (S3Fault.IsOfService(e, cancellationToken))
        {
            throw S3Fault.Explain(e, Bucket, reference, "s3:GetObject");
        }
    }
}
