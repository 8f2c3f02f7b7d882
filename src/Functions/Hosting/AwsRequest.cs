using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Amazon.Runtime;
using Amazon.Runtime.Internal.Auth;

namespace Relaybox.Functions.Hosting;

/// <summary>
/// Signs a call of AWS as the SDK's clients sign, where a client of its own would be a package more for one call. See
/// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
/// </summary>
internal static class AwsRequest
{
    /// <summary>Makes the request, which is valid for some minutes.</summary>
    /// <param name="call">The call.</param>
    /// <param name="signer">Whose right it is.</param>
    /// <param name="now">The time of the signature.</param>
    internal static HttpRequestMessage Sign(AwsCall call, ImmutableCredentials signer, DateTimeOffset now)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(call.Body));
        var headers = new SortedDictionary<string, string>(call.Headers.ToDictionary(), StringComparer.Ordinal)
        {
            ["host"] = call.Url.Authority,
            ["x-amz-content-sha256"] = hash,
            ["x-amz-date"] = now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture),
        };
        if (call.ContentType is { } type)
        {
            headers["content-type"] = type;
        }

        if (signer.UseToken)
        {
            headers["x-amz-security-token"] = signer.Token;
        }

        var names = string.Join(';', headers.Keys);
        var canonical = string.Join(
            '\n',
            [
                call.Method.Method, call.Url.AbsolutePath, call.Url.Query.TrimStart('?'),
                .. headers.Select(header => $"{header.Key}:{header.Value}"), "",
                names, hash,
            ]);

        var request = new HttpRequestMessage(call.Method, call.Url);
        if (call.ContentType is not null)
        {
            request.Content = new ByteArrayContent(call.Body) { Headers = { ContentType = new MediaTypeHeaderValue(call.ContentType) } };
        }

        foreach (var (name, value) in headers.Where(header => header.Key is not ("content-type" or "host")))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        request.Headers.TryAddWithoutValidation(
            "Authorization",
            AWS4Signer.ComputeSignature(signer, call.Region, now.UtcDateTime, call.Service, names, canonical).ForAuthorizationHeader);
        return request;
    }
}
