namespace Amazon.Lambda.RuntimeSupport;

/// <summary>The Runtime API refused a request.</summary>
public class RuntimeApiClientException : Exception
{
    private const int ShownCharacters = 512;

    public RuntimeApiClientException(
        string message,
        int statusCode,
        string response,
        Dictionary<string, IEnumerable<string>> headers,
        Exception innerException)
        : base($"{message} (status {statusCode}): {Shorten(response)}", innerException)
    {
        StatusCode = statusCode;
        Response = response;
        Headers = headers;
    }

    public int StatusCode { get; }

    public string Response { get; }

    public Dictionary<string, IEnumerable<string>> Headers { get; }

    private static string Shorten(string response) =>
        response.Length > ShownCharacters ? response[..ShownCharacters] : response;
}
