using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Amazon.Lambda.RuntimeSupport;

/// <summary>
/// The four calls of the Lambda Runtime API, version 2018-06-01.
/// See https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html.
/// </summary>
internal sealed class RuntimeApi
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");
    private static readonly MediaTypeHeaderValue ErrorJson = new("application/vnd.aws.lambda.error+json");

    private readonly HttpMessageInvoker _http;
    private readonly LambdaEnvironment _environment;
    private Uri _next;

    public RuntimeApi(HttpMessageInvoker http, LambdaEnvironment environment)
    {
        _http = http;
        _environment = environment;
    }

    /// <summary>A client for a server on this machine: straight to it, without time limits, nothing added.</summary>
    public static HttpMessageInvoker CreateClient() => new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8,
        ResponseHeaderEncodingSelector = (_, _) => Encoding.UTF8,
    });

    /// <summary>Waits for the next event, however long that takes.</summary>
    public async Task<Invocation> NextAsync(CancellationToken cancellationToken)
    {
        _next ??= Address("invocation/next");
        using var request = new HttpRequestMessage(HttpMethod.Get, _next);
        using var response = await SendAsync(request, cancellationToken).ConfigureAwait(false);
        var body = await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
        var headers = response.Headers;
        return new Invocation(
            new MemoryStream(body, 0, body.Length, writable: false, publiclyVisible: true),
            new LambdaContext(
                name => headers.NonValidated.TryGetValues(name, out var values) ? values.ToString() : null,
                _environment));
    }

    /// <summary>Posts a response straight from its stream.</summary>
    public Task PostResponseAsync(string requestId, Stream output, CancellationToken cancellationToken)
    {
        HttpContent content = output is MemoryStream memory && memory.TryGetBuffer(out var buffer)
            ? new ReadOnlyMemoryContent(buffer.AsMemory((int)memory.Position))
            : new StreamContent(output);
        content.Headers.ContentType = Json;
        return PostAsync($"invocation/{requestId}/response", content, errorType: null, cancellationToken);
    }

    public Task PostErrorAsync(string requestId, Exception exception, CancellationToken cancellationToken) =>
        PostAsync($"invocation/{requestId}/error", ErrorContent(exception), TypeOf(exception), cancellationToken);

    public Task PostInitErrorAsync(Exception exception, CancellationToken cancellationToken) =>
        PostAsync("init/error", ErrorContent(exception), TypeOf(exception), cancellationToken);

    private static string TypeOf(Exception exception) => exception.GetType().Name;

    private static ReadOnlyMemoryContent ErrorContent(Exception exception)
    {
        var content = new ReadOnlyMemoryContent(ErrorReport.Write(exception));
        content.Headers.ContentType = ErrorJson;
        return content;
    }

    private Uri Address(string path) => string.IsNullOrEmpty(_environment.RuntimeApi)
        ? throw new InvalidOperationException("AWS_LAMBDA_RUNTIME_API is not set: there is no Lambda to run in.")
        : new Uri($"http://{_environment.RuntimeApi}/2018-06-01/runtime/{path}");

    private async Task PostAsync(
        string path, HttpContent content, string errorType, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Address(path)) { Content = content };
        if (errorType is not null)
        {
            request.Headers.TryAddWithoutValidation("Lambda-Runtime-Function-Error-Type", errorType);
        }

        using var response = await SendAsync(request, cancellationToken).ConfigureAwait(false);

        // The answer is read to its end, so that the connection serves the next call.
        await response.Content.CopyToAsync(Stream.Null, cancellationToken).ConfigureAwait(false);
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await _http.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            var body = await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
            throw new RuntimeApiClientException(
                $"The Runtime API refused {request.Method} {request.RequestUri.AbsolutePath}",
                (int)response.StatusCode,
                body,
                response.Headers.ToDictionary(header => header.Key, header => header.Value),
                innerException: null);
        }
    }
}
