using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Amazon.Runtime;
using Amazon.Runtime.Credentials;
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
        AwsEndpoint.OfEnvironment("SECRETS_MANAGER"),
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

    private async Task<HttpRequestMessage> SignAsync(string arn)
    {
        // arn:partition:secretsmanager:region:account:secret:name
        var region = arn.Split(':') is { Length: > 3 } parts ? parts[3] : "";
        return AwsRequest.Sign(
            new AwsCall(Service, region, endpoint ?? AwsEndpoint.OfRegion(Service, region))
            {
                ContentType = ContentType,
                Body = Encoding.UTF8.GetBytes(new JsonObject { ["SecretId"] = arn }.ToJsonString()),
                Headers = new Dictionary<string, string> { ["x-amz-target"] = $"{Service}.GetSecretValue" },
            },
            await credentials(),
            time.GetUtcNow());
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
