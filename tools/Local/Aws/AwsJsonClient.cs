using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Relaybox.Local.Aws;

/// <summary>
/// Calls an emulator by the AWS JSON 1.0 protocol. The emulators want an Authorization header and check nothing
/// but its region. It reaches operations that the SDK packages at hand do not have (DynamoDB Streams above all).
/// </summary>
internal sealed class AwsJsonClient(Uri endpoint, string service, string targetPrefix, string accessKeyId = LocalAws.AccessKeyId)
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(500);

    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false })
    {
        Timeout = TimeSpan.FromSeconds(90),
    };

    public Uri Endpoint { get; } = endpoint;

    public static AwsJsonClient DynamoDb(Uri endpoint) => new(endpoint, "dynamodb", "DynamoDB_20120810");

    public static AwsJsonClient DynamoDbStreams(Uri endpoint, string accessKeyId = LocalAws.AccessKeyId) =>
        new(endpoint, "dynamodb", "DynamoDBStreams_20120810", accessKeyId);

    public static AwsJsonClient Sqs(Uri endpoint, string accessKeyId = LocalAws.AccessKeyId) => new(endpoint, "sqs", "AmazonSQS", accessKeyId);

    /// <exception cref="AwsCallException">The service refused.</exception>
    /// <exception cref="HttpRequestException">The service cannot be reached.</exception>
    public async Task<JsonObject> CallAsync(string operation, JsonObject body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Endpoint)
        {
            Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body)),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-amz-json-1.0");
        request.Headers.TryAddWithoutValidation("X-Amz-Target", $"{targetPrefix}.{operation}");
        request.Headers.TryAddWithoutValidation(
            "Authorization",
            $"AWS4-HMAC-SHA256 Credential={accessKeyId}/20260101/{LocalAws.Region}/{service}/aws4_request, SignedHeaders=host, Signature=0");

        using var response = await Http.SendAsync(request, cancellationToken);
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        if (response.IsSuccessStatusCode)
        {
            return text.Length == 0 ? [] : JsonNode.Parse(text)!.AsObject();
        }

        var (errorType, message) = ParseError(text);
        throw new AwsCallException(operation, errorType, message, (int)response.StatusCode);
    }

    /// <summary>As <see cref="CallAsync"/>, again and again while the service cannot be reached or is overloaded.</summary>
    /// <exception cref="AwsCallException">The service refused for good.</exception>
    public async Task<JsonObject> CallPatientlyAsync(string operation, JsonObject body, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await CallAsync(operation, body, cancellationToken);
            }
            catch (Exception exception) when (
                exception is HttpRequestException or AwsCallException { IsTransient: true }
                || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                await Task.Delay(RetryDelay, TimeProvider.System, cancellationToken);
            }
        }
    }

    private static (string ErrorType, string Message) ParseError(string text)
    {
        try
        {
            var error = JsonNode.Parse(text)!.AsObject();
            var type = (string?)error["__type"] ?? "Unknown";
            return (type[(type.IndexOf('#', StringComparison.Ordinal) + 1)..], (string?)(error["message"] ?? error["Message"]) ?? "");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return ("Unknown", text.Length > 200 ? text[..200] : text);
        }
    }
}
