using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Relaybox.Testing.Http;

/// <summary>
/// A plain HTTP/1.1 server on loopback that records each request to the byte, and answers as it is told. It reads the
/// socket itself, so that nothing stands between what a client sends and what a test sees.
/// </summary>
public sealed class ScriptedServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<HttpExchange, CancellationToken, Task<HttpAnswer>> _answer;
    private readonly ConcurrentQueue<HttpExchange> _requests = new();
    private readonly Task _accepting;

    public ScriptedServer(Func<HttpExchange, CancellationToken, Task<HttpAnswer>> answer)
    {
        _answer = answer;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public ScriptedServer(Func<HttpExchange, HttpAnswer> answer)
        : this((request, _) => Task.FromResult(answer(request)))
    {
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public string Authority => $"127.0.0.1:{Port}";

    public string Url => $"http://{Authority}";

    public IReadOnlyList<HttpExchange> Requests => [.. _requests];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                connections.Add(ServeAsync(client));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                client.NoDelay = true;
                var stream = new BufferedStream(client.GetStream());
                while (await ReadAsync(stream) is { } request)
                {
                    _requests.Enqueue(request);
                    var answer = await _answer(request, _stop.Token);
                    if (answer.Status < 0)
                    {
                        return;
                    }

                    await WriteAsync(stream, answer);
                }
            }
            catch (Exception exception) when (exception is OperationCanceledException or IOException)
            {
                // The test is over, or the client hung up.
            }
        }
    }

    private async Task<HttpExchange?> ReadAsync(Stream stream)
    {
        if (await ReadLineAsync(stream) is not { Length: > 0 } requestLine)
        {
            return null;
        }

        var words = requestLine.Split(' ');
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        while (await ReadLineAsync(stream) is { Length: > 0 } line)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            headers[line[..colon]] = line[(colon + 1)..].Trim();
        }

        var body = headers.ContainsKey("Transfer-Encoding")
            ? await ReadChunksAsync(stream)
            : await ReadExactlyAsync(stream, int.Parse(
                headers.GetValueOrDefault("Content-Length", "0"), CultureInfo.InvariantCulture));
        return new HttpExchange(words[0], words[1], headers, body);
    }

    private async Task<byte[]> ReadChunksAsync(Stream stream)
    {
        using var body = new MemoryStream();
        while (true)
        {
            var size = int.Parse(
                await ReadLineAsync(stream) ?? "0", NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            body.Write(await ReadExactlyAsync(stream, size));
            await ReadLineAsync(stream);
            if (size == 0)
            {
                return body.ToArray();
            }
        }
    }

    private async Task<byte[]> ReadExactlyAsync(Stream stream, int count)
    {
        var bytes = new byte[count];
        await stream.ReadExactlyAsync(bytes, _stop.Token);
        return bytes;
    }

    private async Task<string?> ReadLineAsync(Stream stream)
    {
        var line = new MemoryStream();
        var one = new byte[1];
        while (await stream.ReadAsync(one, _stop.Token) == 1)
        {
            if (one[0] == '\n')
            {
                return Encoding.UTF8.GetString(line.GetBuffer(), 0, (int)line.Length).TrimEnd('\r');
            }

            line.WriteByte(one[0]);
        }

        return null;
    }

    private async Task WriteAsync(Stream stream, HttpAnswer answer)
    {
        var head = new StringBuilder()
            .Append(CultureInfo.InvariantCulture, $"HTTP/1.1 {answer.Status} Scripted\r\n")
            .Append(CultureInfo.InvariantCulture, $"Content-Length: {answer.Body.Length}\r\n");
        foreach (var (name, value) in answer.Headers)
        {
            head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        }

        await stream.WriteAsync(Encoding.UTF8.GetBytes(head.Append("\r\n").ToString()), _stop.Token);
        await stream.WriteAsync(answer.Body, _stop.Token);
        await stream.FlushAsync(_stop.Token);
    }
}
