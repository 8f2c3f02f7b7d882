namespace NATS.Client.Core.Internal;

/// <summary>Reads the addresses of servers: one or more, with commas between them; <c>nats://</c> where no scheme is given.</summary>
internal static class ServerUri
{
    private const int DefaultPort = 4222;

    /// <exception cref="NatsException">One of them is none that this client can use.</exception>
    internal static Uri[] ParseAll(string urls)
    {
        var uris = urls.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(Parse).Distinct().ToArray();
        return uris.Length > 0 ? uris : throw new NatsException("The url of a server is missing.");
    }

    private static Uri Parse(string url)
    {
        var text = url.Contains("://", StringComparison.Ordinal) ? url : $"nats://{url}";
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("nats" or "tls") || uri.Host.Length == 0)
        {
            throw new NatsException("A server's url must be nats://host:port or tls://host:port.");
        }

        return uri.Port > 0 ? uri : new UriBuilder(uri) { Port = DefaultPort }.Uri;
    }
}
