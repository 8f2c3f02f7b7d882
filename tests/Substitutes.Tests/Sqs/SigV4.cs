using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Relaybox.Testing.Http;

namespace Relaybox.Substitutes.Tests.Sqs;

/// <summary>
/// Signature Version 4 from its specification, to check what a client sent; itself checked against the published
/// vectors. See https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html.
/// </summary>
internal static class SigV4
{
    public static string Sign(string secretKey, string region, string service, string timestamp, string canonicalRequest)
    {
        var date = timestamp[..8];
        var scope = $"{date}/{region}/{service}/aws4_request";
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonicalRequest)));
        var key = Hmac(Encoding.UTF8.GetBytes("AWS4" + secretKey), date);
        key = Hmac(Hmac(Hmac(key, region), service), "aws4_request");
        return Convert.ToHexStringLower(Hmac(key, $"AWS4-HMAC-SHA256\n{timestamp}\n{scope}\n{hash}"));
    }

    /// <summary>The Authorization header that this request must have.</summary>
    public static string Expected(HttpExchange request, string accessKey, string secretKey, string region)
    {
        var names = Between(request.Header("Authorization"), "SignedHeaders=", ",").Split(';');
        var canonical = new StringBuilder($"{request.Method}\n{request.Path}\n\n");
        foreach (var name in names)
        {
            canonical.Append(CultureInfo.InvariantCulture, $"{name}:{request.Header(name)}\n");
        }

        var hash = Convert.ToHexStringLower(SHA256.HashData(request.Body));
        canonical.Append(CultureInfo.InvariantCulture, $"\n{string.Join(';', names)}\n{hash}");
        var timestamp = request.Header("X-Amz-Date");
        var signature = Sign(secretKey, region, "sqs", timestamp, canonical.ToString());
        return $"AWS4-HMAC-SHA256 Credential={accessKey}/{timestamp[..8]}/{region}/sqs/aws4_request, "
            + $"SignedHeaders={string.Join(';', names)}, Signature={signature}";
    }

    private static byte[] Hmac(byte[] key, string data) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(data));

    private static string Between(string text, string start, string end)
    {
        var from = text.IndexOf(start, StringComparison.Ordinal) + start.Length;
        return text[from..text.IndexOf(end, from, StringComparison.Ordinal)];
    }
}
