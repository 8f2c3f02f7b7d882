using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Relaybox.Benchmarks.Nats;

/// <summary>
/// Publishes over a bare socket, with a window of messages in flight: frames that are made beforehand but for their ids, and
/// acknowledgements that are counted and not read. What a client on this machine could reach at best.
/// </summary>
internal sealed class RawLoop
{
    private const int Window = 256;
    private const int IdLength = 36;

    private readonly int _port;
    private readonly byte[] _frame;
    private readonly int[] _idsAt;
    private readonly byte[] _id = new byte[IdLength];

    /// <param name="port">The server's.</param>
    /// <param name="subject">The subject.</param>
    /// <param name="headers">The headers' lines; where an id belongs, it is the zero one.</param>
    /// <param name="body">The body; likewise.</param>
    public RawLoop(int port, string subject, string headers, string body)
    {
        _port = port;
        var block = $"NATS/1.0\r\n{headers}\r\n";

        // As long as what a client asks to be answered at.
        const string Reply = "_INBOX.0123456789abcdef012345.0123456789ab";
        _frame = Encoding.UTF8.GetBytes($"HPUB {subject} {Reply} {block.Length} {block.Length + body.Length}\r\n{block}{body}\r\n");
        _idsAt = [.. AllOf(_frame, Encoding.ASCII.GetBytes(Guid.Empty.ToString()))];
    }

    public async Task PublishAsync(long messages, CancellationToken cancellationToken)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, _port, cancellationToken);
        await socket.SendAsync(
            "CONNECT {\"verbose\":false,\"headers\":true,\"no_responders\":true}\r\nSUB _INBOX.0123456789abcdef012345.* 1\r\n"u8.ToArray(),
            cancellationToken);
        Encoding.ASCII.GetBytes(Guid.NewGuid().ToString(), _id);
        var output = new byte[_frame.Length * Window];
        var input = new byte[64 * 1024];
        long sent = 0;
        long lines = 0;

        // The first line is the server's greeting; each acknowledgement is two.
        for (long acknowledged = 0; acknowledged < messages; acknowledged = (lines - 1) / 2)
        {
            var count = (int)Math.Min(messages - sent, Window - (sent - acknowledged));
            for (var i = 0; i < count; i++)
            {
                Put(output.AsSpan(i * _frame.Length, _frame.Length), sent++);
            }

            for (var rest = output.AsMemory(0, count * _frame.Length); !rest.IsEmpty;)
            {
                rest = rest[await socket.SendAsync(rest, cancellationToken)..];
            }

            var read = await socket.ReceiveAsync(input, cancellationToken);
            lines += read > 0 ? input.AsSpan(0, read).Count((byte)'\n') : throw new InvalidOperationException("The server closed the connection.");
        }
    }

    private static IEnumerable<int> AllOf(byte[] bytes, byte[] pattern)
    {
        for (int at = 0, found; (found = bytes.AsSpan(at).IndexOf(pattern)) >= 0; at += found + pattern.Length)
        {
            yield return at + found;
        }
    }

    // The id's last digits count.
    private void Put(Span<byte> target, long number)
    {
        _frame.CopyTo(target);
        for (var i = IdLength - 1; i > IdLength - 12; i--, number /= 10)
        {
            _id[i] = (byte)('0' + (number % 10));
        }

        foreach (var at in _idsAt)
        {
            _id.CopyTo(target[at..]);
        }
    }
}
