using System.Net;
using System.Text.Json;
using Relaybox.Cli.Output;
using Relaybox.Functions.Hosting;

namespace Relaybox.Cli.Connections;

/// <summary>Lambda's API, whose requests are signed as the SDK's clients sign.</summary>
/// <param name="access">In whose name, and in which region.</param>
internal sealed class LambdaApi(AwsAccess access) : IDisposable
{
    private const string Service = "lambda";

    // Longer than a function may run.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(330);

    private readonly HttpClient _http = new() { Timeout = Longest };
    private readonly Uri _endpoint = AwsEndpoint.OfEnvironment("LAMBDA") ?? AwsEndpoint.OfRegion(Service, access.Region);

    /// <summary>The region.</summary>
    internal string Region => access.Region;

    /// <summary>Sends a request, and waits for the answer, whatever it is.</summary>
    /// <param name="method">The method.</param>
    /// <param name="path">The path, with at most one parameter behind it.</param>
    /// <param name="body">The body, which is JSON; null: none.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="CliException">There are no credentials, or Lambda cannot be reached.</exception>
    internal async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, byte[]? body, CancellationToken cancellationToken)
    {
        var call = new AwsCall(Service, access.Region, new Uri(_endpoint, path))
        {
            Method = method, ContentType = body is null ? null : "application/json", Body = body ?? [],
        };
        try
        {
            using var request = AwsRequest.Sign(call, await access.GetCredentialsAsync(), TimeProvider.System.GetUtcNow());
            return await _http.SendAsync(request, cancellationToken);
        }
        catch (Exception exception) when (
            exception is HttpRequestException or IOException || (exception is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new CliException(
                ExitCodes.OutOfReach,
                $"Lambda in {access.Region} cannot be reached at {_endpoint.Host}. Check the network, the region, and AWS_ENDPOINT_URL_LAMBDA "
                + "if it is set.",
                exception);
        }
    }

    /// <inheritdoc />
    public void Dispose() => _http.Dispose();

    /// <summary>The code of an error. Nothing that is not a name is repeated.</summary>
    internal static string CodeOf(HttpResponseMessage response) =>
        response.Headers.TryGetValues("x-amzn-ErrorType", out var types) && types.First().Split(':')[0] is { Length: > 0 and <= 64 } code
        && code.All(char.IsAsciiLetterOrDigit) ? code : "no code";

    /// <summary>What every call of Lambda can be refused for; null: the code is the call's own.</summary>
    internal static string? Explain(HttpResponseMessage response) => CodeOf(response) switch
    {
        var code and ("ExpiredTokenException" or "UnrecognizedClientException" or "InvalidSignatureException" or "InvalidClientTokenId"
            or "SignatureDoesNotMatch" or "MissingAuthenticationTokenException" or "IncompleteSignature") =>
            $"AWS does not accept the credentials ({code}). Sign in again, or name another profile with --profile; the clock of this machine must "
            + "be right.",
        _ => null,
    };
}
