using System.Net.Sockets;
using System.Text;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Messaging;

/// <summary>A server on loopback that says what a test wants, to each connection that comes.</summary>
internal sealed class ScriptedNats : IAsyncDisposable
{
    private readonly LoopbackListener _listener;

    internal ScriptedNats(Func<Peer, Task> script) => _listener = new LoopbackListener((client, ct) => script(new Peer(client.GetStream(), ct)));

    internal int Port => _listener.Port;

    internal string Url => $"nats://127.0.0.1:{Port}";

    internal static string Info(string more = "\"max_payload\":1048576") =>
        $"INFO {{\"server_id\":\"x\",\"version\":\"2.9.10\",\"headers\":true,{more}}}\r\n";

    public ValueTask DisposeAsync() => _listener.DisposeAsync();

    /// <summary>One connection.</summary>
    internal sealed class Peer(NetworkStream stream, CancellationToken cancellationToken)
    {
        private readonly List<byte> _read = [];
        private int _subscriptions;
        private string _sid = "";

        /// <summary>The subject of the client's inbox, up to its last token.</summary>
        internal string Inbox { get; private set; } = "";

        internal Task SendAsync(string text) => stream.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken).AsTask();

        /// <summary>Reads a line; null: the client has closed the connection.</summary>
        internal async Task<string?> ReadLineAsync()
        {
            while (true)
            {
                var end = _read.IndexOf((byte)'\n');
                if (end >= 0)
                {
                    var line = Encoding.UTF8.GetString([.. _read[..end]]).TrimEnd('\r');
                    _read.RemoveRange(0, end + 1);
                    return line;
                }

                if (!await FillAsync())
                {
                    return null;
                }
            }
        }

        /// <summary>Greets, and answers until the session has subscribed to its acknowledgements.</summary>
        internal async Task GreetAsync()
        {
            await SendAsync(Info());
            while (await ReadLineAsync() is { } line)
            {
                if (line == "PING")
                {
                    await SendAsync("PONG\r\n");
                }
                else if (line.StartsWith("SUB ", StringComparison.Ordinal))
                {
                    // The client's own inbox comes first; the acknowledgements' has the second number.
                    (Inbox, _sid) = (line.Split(' ')[1].TrimEnd('*'), line.Split(' ')[^1]);
                    if (++_subscriptions == 2)
                    {
                        return;
                    }
                }
            }
        }

        /// <summary>Reads the next message; null: the client has closed the connection.</summary>
        internal async Task<Published?> ReadPublishAsync()
        {
            while (await ReadLineAsync() is { } line)
            {
                var parts = line.Split(' ');
                if (parts[0] == "PING")
                {
                    await SendAsync("PONG\r\n");
                }
                else if (parts[0] is "PUB" or "HPUB")
                {
                    var body = await ReadExactlyAsync(int.Parse(parts[^1]) + 2);
                    return new Published(parts[1], parts[2], body[..^2]);
                }
            }

            return null;
        }

        /// <summary>Answers a message as a stream does.</summary>
        internal Task AnswerAsync(Published message, string json) =>
            SendAsync($"MSG {message.ReplyTo} {_sid} {json.Length}\r\n{json}\r\n");

        internal Task AcknowledgeAsync(Published message, int sequence) =>
            AnswerAsync(message, $"{{\"stream\":\"S\",\"seq\":{sequence}}}");

        private async Task<string> ReadExactlyAsync(int count)
        {
            while (_read.Count < count)
            {
                if (!await FillAsync())
                {
                    throw new IOException("The client has gone.");
                }
            }

            var text = Encoding.UTF8.GetString([.. _read[..count]]);
            _read.RemoveRange(0, count);
            return text;
        }

        private async Task<bool> FillAsync()
        {
            var buffer = new byte[64 * 1024];
            var read = await stream.ReadAsync(buffer, cancellationToken);
            _read.AddRange(buffer.AsSpan(0, read));
            return read > 0;
        }
    }

    internal sealed record Published(string Subject, string ReplyTo, string Body);
}
