using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Relaybox.Benchmarks.Lambda;

/// <summary>
/// The Lambda Runtime API as bare as it can be: one answer for every request for an event, one for every post, each made
/// beforehand. After as many events as it was given it lets the request for the next one wait.
/// </summary>
internal sealed class RuntimeStub : IDisposable
{
    private static readonly byte[] Taken = "HTTP/1.1 202 Accepted\r\nContent-Length: 15\r\n\r\n{\"status\":\"OK\"}"u8.ToArray();

    private readonly Socket _listener = new(SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource<bool> _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly byte[] _answer;
    private long _left;

    /// <param name="payload">The event.</param>
    /// <param name="events">How often to hand it out.</param>
    /// <param name="remaining">How long each invocation may take.</param>
    public RuntimeStub(ReadOnlySpan<byte> payload, long events, TimeSpan remaining)
    {
        _left = events;
        var head = $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {payload.Length}\r\n"
            + $"Lambda-Runtime-Aws-Request-Id: {Guid.Empty}\r\n"
            + $"Lambda-Runtime-Deadline-Ms: {(DateTimeOffset.UtcNow + remaining).ToUnixTimeMilliseconds()}\r\n"
            + "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:000000000000:function:bench\r\n"
            + "Lambda-Runtime-Trace-Id: Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=0\r\n\r\n";
        _answer = [.. Encoding.ASCII.GetBytes(head), .. payload];
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Address = $"127.0.0.1:{((IPEndPoint)_listener.LocalEndPoint!).Port}";
        _ = AcceptAsync();
    }

    /// <summary>The value of AWS_LAMBDA_RUNTIME_API.</summary>
    public string Address { get; }

    /// <summary>Completes with the first request: true where it asks for an event, false where it reports a failed start.</summary>
    public Task<bool> Asked => _asked.Task;

    /// <summary>Completes when every event has been handled and another is asked for; faults where one was answered with an error.</summary>
    public Task Ended => _ended.Task;

    public void Dispose()
    {
        _stopping.Cancel();
        _listener.Dispose();
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await _listener.AcceptAsync(_stopping.Token), _stopping.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private async Task ServeAsync(Socket socket, CancellationToken cancellationToken)
    {
        using var connection = socket;
        connection.NoDelay = true;
        var buffer = new byte[256 * 1024];
        var filled = 0;
        try
        {
            while (true)
            {
                var read = await connection.ReceiveAsync(buffer.AsMemory(filled), cancellationToken);
                if (read == 0)
                {
                    return;
                }

                filled += read;
                if (!IsWhole(buffer.AsSpan(0, filled)))
                {
                    continue;
                }

                await connection.SendAsync(await AnswerAsync(buffer.AsMemory(0, filled), cancellationToken), cancellationToken);
                filled = 0;
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // Disposed, or the other side has gone.
        }
    }

    // A client asks again only when it has its answer: the buffer never holds more than one request.
    private static bool IsWhole(ReadOnlySpan<byte> request)
    {
        var head = request.IndexOf("\r\n\r\n"u8) + 4;
        var length = request.IndexOf("Content-Length: "u8);
        return head >= 4 && request.Length >= head + (length < 0 ? 0 : Number(request[(length + 16)..]));

        static int Number(ReadOnlySpan<byte> text) => Utf8Parser.TryParse(text, out int value, out _) ? value : 0;
    }

    private async ValueTask<byte[]> AnswerAsync(ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
    {
        var isNext = request.Span.StartsWith("GET"u8);
        _asked.TrySetResult(isNext);
        if (isNext && Interlocked.Decrement(ref _left) < 0)
        {
            _ended.TrySetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
        else if (!isNext && request.Span[..request.Span.IndexOf("\r\n"u8)].IndexOf("/error "u8) >= 0)
        {
            _ended.TrySetException(new InvalidOperationException($"The function failed: {Encoding.UTF8.GetString(request.Span)}"));
        }

        return isNext ? _answer : Taken;
    }
}
