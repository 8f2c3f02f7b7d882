using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Amazon.Runtime;
using Amazon.Runtime.Internal;
using Amazon.Runtime.Internal.Auth;
using Relaybox.Substitutes.Tests.Sqs;

namespace Relaybox.Substitutes.Tests.Signing;

/// <summary>
/// AWSSDK.Core's signer against AWS's published test suite of Signature Version 4. The suite signs the service
/// "service" without the header x-amz-content-sha256, which the signer always adds to a whole request; so each vector
/// goes through its parts: canonical request, string to sign, signing key and signature.
/// </summary>
public class PublishedVectorTests
{
    private const string SecretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    private const string Timestamp = "20150830T123600Z";
    private const string Unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private const string Form = "application/x-www-form-urlencoded";

    private static readonly Vector[] Vectors =
    [
        new("get-vanilla", "GET", "/", "", "", "", "",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        new("get-vanilla-query-order-key-case", "GET", "/", "Param2=value2&Param1=value1", "", "", "",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
        new("get-vanilla-query-unreserved", "GET", "/", $"{Unreserved}={Unreserved}", "", "", "",
            "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"),
        new("get-vanilla-utf8-query", "GET", "/", "ሴ=bar", "", "", "",
            "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"),
        new("get-unreserved", "GET", $"/{Unreserved}", "", "", "", "",
            "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"),
        new("post-vanilla", "POST", "/", "", "", "", "",
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        new("post-header-key-sort", "POST", "/", "", "My-Header1", "value1", "",
            "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"),
        new("post-x-www-form-urlencoded", "POST", "/", "", "Content-Type", Form, "Param1=value1",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
    ];

    public static TheoryData<string> Names => [.. Vectors.Select(vector => vector.Name)];

    private static DateTime SignedAt => DateTime.ParseExact(
        Timestamp, "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal);

    [Theory]
    [MemberData(nameof(Names))]
    public void The_signer_gives_the_published_signature(string name)
    {
        var vector = Named(name);
        var (canonical, signedHeaders) = SignerParts.Canonicalize(vector, Timestamp);

        var result = AWS4Signer.ComputeSignature(
            "AKIDEXAMPLE", SecretKey, "us-east-1", SignedAt, "service", signedHeaders, canonical);

        Assert.Equal(vector.Signature, result.Signature);
        Assert.Equal(
            $"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            + $"SignedHeaders={signedHeaders}, Signature={vector.Signature}",
            result.ForAuthorizationHeader);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_checks_of_these_tests_give_the_published_signature_too(string name)
    {
        var vector = Named(name);
        var (canonical, _) = SignerParts.Canonicalize(vector, Timestamp);

        Assert.Equal(vector.Signature, SigV4.Sign(SecretKey, "us-east-1", "service", Timestamp, canonical));
    }

    [Fact]
    public void The_canonical_request_of_get_vanilla_is_the_published_one() =>
        Assert.Equal(
            """
            GET
            /

            host:example.amazonaws.com
            x-amz-date:20150830T123600Z

            host;x-amz-date
            e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
            """.ReplaceLineEndings("\n"),
            SignerParts.Canonicalize(Named("get-vanilla"), Timestamp).Canonical);

    private static Vector Named(string name) => Vectors.Single(vector => vector.Name == name);

    /// <summary>A vector: at most one header beside Host and X-Amz-Date.</summary>
    private sealed record Vector(
        string Name, string Method, string Path, string Query, string Header, string Value, string Body, string Signature);

    /// <summary>Reaches the parts of the signer that it shows to its subclasses.</summary>
    private sealed class SignerParts : AWS4Signer
    {
        public static (string Canonical, string SignedHeaders) Canonicalize(Vector vector, string timestamp)
        {
            using var request = new DefaultRequest(new AnyRequest(), "service")
            {
                HttpMethod = vector.Method,
                Endpoint = new Uri("https://example.amazonaws.com"),
                ResourcePath = vector.Path,
                UseQueryString = true,
            };
            foreach (var pair in vector.Query.Split('&', StringSplitOptions.RemoveEmptyEntries))
            {
                var parts = pair.Split('=');
                request.Parameters[parts[0]] = parts[1];
            }

            request.Headers["Host"] = "example.amazonaws.com";
            request.Headers["X-Amz-Date"] = timestamp;
            if (vector.Header != "")
            {
                request.Headers[vector.Header] = vector.Value;
            }

            var headers = SortAndPruneHeaders(request.Headers);
            var canonical = CanonicalizeRequest(
                request.Endpoint,
                request.ResourcePath,
                request.HttpMethod,
                headers,
                CanonicalizeQueryParameters(GetParametersToCanonicalize(request)),
                Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(vector.Body))));
            return (canonical, CanonicalizeHeaderNames(headers));
        }
    }

    private sealed class AnyRequest : AmazonWebServiceRequest;
}
