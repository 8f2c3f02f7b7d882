using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Relaybox.Secrets;

/// <summary>
/// Secrets Manager through the AWS Parameters and Secrets Lambda Extension: a local HTTP endpoint that calls the service
/// with the function's own role. It answers while the function is invoked, not while it starts, so that secrets are read
/// when they are first needed. Set <c>SECRETS_MANAGER_TTL</c> to 0 on the function: the extension's own cache cannot be
/// told that a secret was rotated, and <see cref="CachedSecret"/> keeps the text anyway.
/// </summary>
/// <param name="http">The client; its base address is the extension's.</param>
/// <param name="sessionToken">The function's <c>AWS_SESSION_TOKEN</c>, by which the extension knows its caller.</param>
/// <param name="time">The clock of the waits between tries.</param>
internal sealed class LambdaSecrets(HttpClient http, Func<string?> sessionToken, TimeProvider time) : ISecretSource
{
    private const int MaxTries = 6;
    private const string TokenHeader = "X-Aws-Parameters-Secrets-Token";

    /// <summary>A client of the extension at its port.</summary>
    /// <param name="port">The port: <c>PARAMETERS_SECRETS_EXTENSION_HTTP_PORT</c>, 2773 where that is not set.</param>
    public static HttpClient CreateClient(int port) =>
        new() { BaseAddress = new Uri($"http://localhost:{port}"), Timeout = TimeSpan.FromSeconds(5) };

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
                using var request = new HttpRequestMessage(HttpMethod.Get, $"/secretsmanager/get?secretId={Uri.EscapeDataString(arn)}");
                request.Headers.TryAddWithoutValidation(TokenHeader, sessionToken() ?? "");
                using var response = await http.SendAsync(request, cancellationToken);
                var body = await response.Content.ReadAsStringAsync(cancellationToken);
                if (response.StatusCode == HttpStatusCode.OK)
                {
                    return TextOf(arn, body);
                }

                reason = $"the secrets extension answered {(int)response.StatusCode}";

                // Until it is ready the extension answers 400 with such a text; it passes the service's own refusals on as 4xx too.
                if ((int)response.StatusCode < 500 && !body.Contains("not ready", StringComparison.OrdinalIgnoreCase))
                {
                    throw new SecretException(
                        $"The secret {arn} cannot be read: {reason}. Check that it exists, and that the function's role may call "
                        + "secretsmanager:GetSecretValue on it (and kms:Decrypt on its key).");
                }
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
            {
                reason = "the secrets extension does not answer; is its layer on the function?";
                inner = e;
            }

            if (attempt == MaxTries)
            {
                throw new SecretException($"The secret {arn} cannot be read: {reason}", inner);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50 * (1 << Math.Min(attempt, 5))), time, cancellationToken);
        }
    }

    private static string TextOf(string arn, string body)
    {
        try
        {
            if (JsonNode.Parse(body) is JsonObject answer && answer["SecretString"] is JsonValue text && text.TryGetValue<string>(out var secret))
            {
                return secret;
            }
        }
        catch (JsonException)
        {
            // Told below, without the text.
        }

        throw new SecretException($"The secret {arn} holds no text (SecretString). Store it as text, not as binary.");
    }
}
