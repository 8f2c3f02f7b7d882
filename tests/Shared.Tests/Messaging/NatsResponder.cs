using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Relaybox.Shared.Tests.Messaging;

/// <summary>Stands in for a stream on one subject of a real server, and acknowledges what comes there when a test says so.</summary>
internal sealed class NatsResponder : IAsyncDisposable
{
    private readonly TcpClient _client = new();
    private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private StreamReader _reader = StreamReader.Null;
    private Task _answering = Task.CompletedTask;
    private int _received;

    internal int Received => Volatile.Read(ref _received);

    internal static async Task<NatsResponder> StartAsync(int port, string subject, CancellationToken cancellationToken)
    {
        var responder = new NatsResponder();
        await responder._client.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
        responder._reader = new StreamReader(responder._client.GetStream(), Encoding.UTF8);
        await responder.WriteAsync($"CONNECT {{\"verbose\":false,\"headers\":true}}\r\nSUB {subject} 1\r\nPING\r\n");
        while (await responder._reader.ReadLineAsync(cancellationToken) is { } line && line != "PONG")
        {
        }

        responder._answering = responder.AnswerAsync();
        return responder;
    }

    /// <summary>From now on what came and what comes is acknowledged.</summary>
    internal void Release() => _gate.SetResult();

    public async ValueTask DisposeAsync()
    {
        _gate.TrySetResult();
        _client.Dispose();
        await _answering;
    }

    private async Task AnswerAsync()
    {
        try
        {
            while (await _reader.ReadLineAsync() is { } line)
            {
                if (line == "PING")
                {
                    await WriteAsync("PONG\r\n");
                }
                else if (line.StartsWith("HMSG ", StringComparison.Ordinal))
                {
                    var sequence = Interlocked.Increment(ref _received);
                    await _gate.Task;
                    var ack = $"{{\"stream\":\"S\",\"seq\":{sequence}}}";
                    await WriteAsync($"PUB {line.Split(' ')[3]} {ack.Length}\r\n{ack}\r\n");
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or SocketException)
        {
            // The test is over.
        }
    }

    private Task WriteAsync(string text) => _client.GetStream().WriteAsync(Encoding.UTF8.GetBytes(text)).AsTask();
}
