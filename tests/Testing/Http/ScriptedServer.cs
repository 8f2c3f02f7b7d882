using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Relaybox.Testing.Http;

/// <summary>
/// A plain HTTP/1.1 server on loopback that records each request to the byte, and answers as it is told. It reads the
/// socket itself, so that nothing stands between what a client sends and what a test sees.
/// </summary>
public sealed class ScriptedServer : IAsyncDisposable
{
    private readonly LoopbackListener _listener;
    private readonly Func<HttpExchange, CancellationToken, Task<HttpAnswer>> _answer;
    private readonly ConcurrentQueue<HttpExchange> _requests = new();

    public ScriptedServer(Func<HttpExchange, CancellationToken, Task<HttpAnswer>> answer)
    {
        _answer = answer;
        _listener = new LoopbackListener((client, ct) => ServeAsync(client.GetStream(), ct));
    }

    public ScriptedServer(Func<HttpExchange, HttpAnswer> answer)
        : this((request, _) => Task.FromResult(answer(request)))
    {
    }

    public int Port => _listener.Port;

    public string Authority => $"127.0.0.1:{Port}";

    public string Url => $"http://{Authority}";

    public IReadOnlyList<HttpExchange> Requests => [.. _requests];

    public ValueTask DisposeAsync() => _listener.DisposeAsync();

    private async Task ServeAsync(NetworkStream connection, CancellationToken stop)
    {
        var stream = new BufferedStream(connection);
        while (await ReadAsync(stream, stop) is { } request)
        {
            _requests.Enqueue(request);
            var answer = await _answer(request, stop);
            if (answer.Status < 0)
            {
                return;
            }

            await WriteAsync(stream, answer, stop);
        }
    }

    private static async Task<HttpExchange?> ReadAsync(Stream stream, CancellationToken stop)
    {
        if (await ReadLineAsync(stream, stop) is not { Length: > 0 } requestLine)
        {
            return null;
        }

        var words = requestLine.Split(' ');
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        while (await ReadLineAsync(stream, stop) is { Length: > 0 } line)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            headers[line[..colon]] = line[(colon + 1)..].Trim();
        }

        var body = headers.ContainsKey("Transfer-Encoding")
            ? await ReadChunksAsync(stream, stop)
            : await ReadExactlyAsync(
                stream, int.Parse(headers.GetValueOrDefault("Content-Length", "0"), CultureInfo.InvariantCulture), stop);
        return new HttpExchange(words[0], words[1], headers, body);
    }

    private static async Task<byte[]> ReadChunksAsync(Stream stream, CancellationToken stop)
    {
        using var body = new MemoryStream();
        while (true)
        {
            var size = int.Parse(
                await ReadLineAsync(stream, stop) ?? "0", NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            body.Write(await ReadExactlyAsync(stream, size, stop));
            await ReadLineAsync(stream, stop);
            if (size == 0)
            {
                return body.ToArray();
            }
        }
    }

    private static async Task<byte[]> ReadExactlyAsync(Stream stream, int count, CancellationToken stop)
    {
        var bytes = new byte[count];
        await stream.ReadExactlyAsync(bytes, stop);
        return bytes;
    }

    private static async Task<string?> ReadLineAsync(Stream stream, CancellationToken stop)
    {
        var line = new MemoryStream();
        var one = new byte[1];
        while (await stream.ReadAsync(one, stop) == 1)
        {
            if (one[0] == '\n')
            {
                return Encoding.UTF8.GetString(line.GetBuffer(), 0, (int)line.Length).TrimEnd('\r');
            }

            line.WriteByte(one[0]);
        }

        return null;
    }

    private static async Task WriteAsync(Stream stream, HttpAnswer answer, CancellationToken stop)
    {
        var head = new StringBuilder()
            .Append(CultureInfo.InvariantCulture, $"HTTP/1.1 {answer.Status} Scripted\r\n")
            .Append(CultureInfo.InvariantCulture, $"Content-Length: {answer.Body.Length}\r\n");
        foreach (var (name, value) in answer.Headers)
        {
            head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        }

        await stream.WriteAsync(Encoding.UTF8.GetBytes(head.Append("\r\n").ToString()), stop);
        await stream.WriteAsync(answer.Body, stop);
        await stream.FlushAsync(stop);
    }
}
