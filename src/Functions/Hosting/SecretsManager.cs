using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Amazon;
using Amazon.Runtime;
using Amazon.Runtime.Credentials;
using Amazon.Runtime.Internal.Auth;
using Relaybox.Secrets;

namespace Relaybox.Functions.Hosting;

/// <summary>
/// AWS Secrets Manager: GetSecretValue, signed as the SDK's clients sign. A client of its own would be a package more for one call.
/// </summary>
/// <param name="http">The client.</param>
/// <param name="endpoint">Where the service is, instead of the region of the secret's ARN; null: there.</param>
/// <param name="credentials">Whose right it is; on Lambda the function's role.</param>
/// <param name="time">The clock of the signatures and of the waits between tries.</param>
internal sealed class SecretsManager(HttpClient http, Uri? endpoint, Func<Task<ImmutableCredentials>> credentials, TimeProvider time) : ISecretSource
{
    private const string Service = "secretsmanager";
    private const string ContentType = "application/x-amz-json-1.1";
    private const int MaxTries = 5;

    // An answer takes milliseconds. Without a way to the service there is none at all, which should be told while there is time.
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(3);

    // What is over in a moment: https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html
    private static readonly string[] Transient =
        ["ThrottlingException", "Throttling", "RequestLimitExceeded", "InternalServiceError", "InternalFailure", "ServiceUnavailable"];

    /// <summary>With the credentials of this process, and the endpoint where its environment names one.</summary>
    internal static SecretsManager OfThisProcess() => new(
        CreateClient(),
        (Environment.GetEnvironmentVariable("AWS_ENDPOINT_URL_SECRETS_MANAGER") ?? Environment.GetEnvironmentVariable("AWS_ENDPOINT_URL"))
            is { Length: > 0 } url ? new Uri(url) : null,
        async () => await (await DefaultAWSCredentialsIdentityResolver.GetCredentialsAsync()).GetCredentialsAsync(),
        TimeProvider.System);

    internal static HttpClient CreateClient() => new() { Timeout = CallTimeout };

    /// <inheritdoc />
    public async Task<string> GetAsync(string arn, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(arn);
        for (var attempt = 1; ; attempt++)
        {
            string reason;
            Exception? inner = null;
            try
            {
                using var request = await SignAsync(arn);
                using var response = await http.SendAsync(request, cancellationToken);
                var answer = Parse(await response.Content.ReadAsStringAsync(cancellationToken));
                if (response.StatusCode == HttpStatusCode.OK)
                {
                    return Text(answer, "SecretString")
                        ?? throw new SecretException($"The secret {arn} holds no text (SecretString). Store it as text, not as binary.");
                }

                var code = CodeOf(answer);
                reason = $"Secrets Manager answered {(int)response.StatusCode} ({code})";
                if ((int)response.StatusCode < 500 && response.StatusCode != HttpStatusCode.TooManyRequests && !Transient.Contains(code))
                {
                    throw new SecretException(
                        $"The secret {arn} cannot be read: {reason}. Check that it exists, and that the function's role may call "
                        + "secretsmanager:GetSecretValue on it (and kms:Decrypt on its key).");
                }
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
            {
                reason = "Secrets Manager does not answer. In a VPC the subnets need a way to it: a NAT gateway, or an interface endpoint "
                    + "whose security group lets the functions in";
                inner = e;
            }

            if (attempt == MaxTries)
            {
                throw new SecretException($"The secret {arn} cannot be read: {reason}.", inner);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50 << attempt), time, cancellationToken);
        }
    }

    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
    private async Task<HttpRequestMessage> SignAsync(string arn)
    {
        // arn:partition:secretsmanager:region:account:secret:name
        var region = arn.Split(':') is { Length: > 3 } parts ? parts[3] : "";
        var url = endpoint ?? new Uri($"https://{Service}.{region}.{RegionEndpoint.GetBySystemName(region).PartitionDnsSuffix}/");
        var signer = await credentials();
        var now = time.GetUtcNow().UtcDateTime;
        var body = Encoding.UTF8.GetBytes(new JsonObject { ["SecretId"] = arn }.ToJsonString());
        var hash = Convert.ToHexStringLower(SHA256.HashData(body));
        var headers = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["content-type"] = ContentType,
            ["host"] = url.Authority,
            ["x-amz-content-sha256"] = hash,
            ["x-amz-date"] = now.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture),
            ["x-amz-target"] = $"{Service}.GetSecretValue",
        };
        if (signer.UseToken)
        {
            headers["x-amz-security-token"] = signer.Token;
        }

        var names = string.Join(';', headers.Keys);
        var canonical = string.Join(
            '\n',
            [
                "POST", url.AbsolutePath, "",
                .. headers.Select(header => $"{header.Key}:{header.Value}"), "",
                names, hash,
            ]);

        var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(ContentType);
        foreach (var (name, value) in headers.Where(header => header.Key is not ("content-type" or "host")))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        request.Headers.TryAddWithoutValidation(
            "Authorization", AWS4Signer.ComputeSignature(signer, region, now, Service, names, canonical).ForAuthorizationHeader);
        return request;
    }

    private static JsonObject? Parse(string body)
    {
        try
        {
            return JsonNode.Parse(body) as JsonObject;
        }
        catch (JsonException)
        {
            // What is not JSON is no answer of the service; the text may hold anything.
            return null;
        }
    }

    // com.amazonaws.secretsmanager#ResourceNotFoundException. Nothing that is not a name is repeated.
    private static string CodeOf(JsonObject? answer) =>
        Text(answer, "__type")?.Split('#')[^1] is { Length: > 0 and <= 64 } code && code.All(char.IsAsciiLetterOrDigit) ? code : "no code";

    private static string? Text(JsonObject? answer, string name) =>
        answer?[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
