using System.Net;
using System.Text.Json;
using Relaybox.Cli.Output;
using Relaybox.Functions.Hosting;

namespace Relaybox.Cli.Connections;

/// <summary>The API of a service of AWS that takes JSON. Requests are signed as the SDK's clients sign.</summary>
/// <param name="access">In whose name, and in which region.</param>
/// <param name="service">The service, as it is called in endpoints and signatures, such as <c>lambda</c>.</param>
/// <param name="name">The service, as people call it.</param>
internal sealed class AwsApi(AwsAccess access, string service, string name) : IDisposable
{
    // Longer than a function may run.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(330);

    private readonly HttpClient _http = new() { Timeout = Longest };
    private readonly Uri _endpoint = AwsEndpoint.OfEnvironment(service.ToUpperInvariant()) ?? AwsEndpoint.OfRegion(service, access.Region);

    /// <summary>The service, as people call it.</summary>
    internal string Name => name;

    /// <summary>The region.</summary>
    internal string Region => access.Region;

    /// <summary>Sends a request, and waits for the answer, whatever it is.</summary>
    /// <param name="method">The method.</param>
    /// <param name="path">The path, with at most one parameter behind it.</param>
    /// <param name="body">The body, which is JSON; null: none.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="CliException">There are no credentials, or the service cannot be reached.</exception>
    internal async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, byte[]? body, CancellationToken cancellationToken)
    {
        var call = new AwsCall(service, access.Region, new Uri(_endpoint, path))
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
                $"{name} in {access.Region} cannot be reached at {_endpoint.Host}. Check the network, the region, and "
                + $"AWS_ENDPOINT_URL_{service.ToUpperInvariant()} if it is set.",
                exception);
        }
    }

    /// <summary>Asks, and reads the answer, which is JSON.</summary>
    /// <param name="method">The method.</param>
    /// <param name="path">The path, with at most one parameter behind it.</param>
    /// <param name="body">The body, which is JSON; null: none.</param>
    /// <param name="read">What is read of the answer.</param>
    /// <param name="explain">The sentence for a code with which this call in particular is refused.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What was read, or null: there is nothing of this name.</returns>
    /// <exception cref="CliException">The service cannot be reached, refuses, or answers something else.</exception>
    internal async Task<T?> FindAsync<T>(
        HttpMethod method, string path, byte[]? body, Func<JsonElement, T> read, Func<string, string> explain, CancellationToken cancellationToken)
        where T : class
    {
        using var response = await SendAsync(method, path, body, cancellationToken);
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }

        if (!response.IsSuccessStatusCode)
        {
            throw new CliException(ExitCodes.OutOfReach, Explain(response) ?? explain(CodeOf(response)));
        }

        try
        {
            using var document = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken));
            return read(document.RootElement);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new CliException(ExitCodes.OutOfReach, $"An answer of {name} cannot be read.", exception);
        }
    }

    /// <inheritdoc />
    public void Dispose() => _http.Dispose();

    /// <summary>The code of an error. Nothing that is not a name is repeated.</summary>
    internal static string CodeOf(HttpResponseMessage response) =>
        response.Headers.TryGetValues("x-amzn-ErrorType", out var types) && types.First().Split(':')[0] is { Length: > 0 and <= 64 } code
        && code.All(char.IsAsciiLetterOrDigit) ? code : "no code";

    /// <summary>What every call can be refused for; null: the code is the call's own.</summary>
    internal static string? Explain(HttpResponseMessage response) => CodeOf(response) switch
    {
        var code and ("ExpiredTokenException" or "UnrecognizedClientException" or "InvalidSignatureException" or "InvalidClientTokenId"
            or "SignatureDoesNotMatch" or "MissingAuthenticationTokenException" or "IncompleteSignature") =>
            $"AWS does not accept the credentials ({code}). Sign in again, or name another profile with --profile; the clock of this machine must "
            + "be right.",
        _ => null,
    };
}
