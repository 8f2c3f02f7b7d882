using System.Net.Http.Headers;
using Relaybox.Local.Aws;

namespace Relaybox.Local.Servers;

/// <summary>Creates the buckets of a stack in an empty emulator. What the template says of encryption and lifecycle, no emulator does.</summary>
internal static class BucketProvisioner
{
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false });

    /// <summary>Returns when every bucket can be used.</summary>
    public static async Task CreateAsync(Uri endpoint, IEnumerable<string> buckets, CancellationToken cancellationToken)
    {
        foreach (var bucket in buckets)
        {
            using var request = new HttpRequestMessage(HttpMethod.Put, new Uri(endpoint, bucket));
            request.Headers.Authorization = new AuthenticationHeaderValue(
                "AWS4-HMAC-SHA256",
                $"Credential={LocalAws.AccessKeyId}/20260101/{LocalAws.Region}/s3/aws4_request, SignedHeaders=host, Signature=0");
            using var response = await Http.SendAsync(request, cancellationToken);
            response.EnsureSuccessStatusCode();
        }
    }
}
