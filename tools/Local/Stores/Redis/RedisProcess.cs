using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Relaybox.Local.Processes;
using Relaybox.Local.Servers;

namespace Relaybox.Local.Stores.Redis;

/// <summary>A Redis server of its own on loopback: the real one.</summary>
public sealed class RedisProcess : ServerProcess
{
    private RedisProcess(int port, string program, IEnumerable<string> arguments)
        : base("redis", port, program, arguments)
    {
    }

    /// <inheritdoc />
    public override Uri Endpoint => new($"redis://127.0.0.1:{Port}/");

    /// <summary>Starts a server and waits until it answers.</summary>
    /// <param name="port">Where it listens.</param>
    /// <param name="folder">The folder of its append-only file; a server that is started again on it has its data still.</param>
    /// <param name="arguments">What else it is told, such as <c>--cluster-enabled yes</c>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="RunnerException">redis-server is missing, or did not come up.</exception>
    public static async Task<RedisProcess> StartAsync(
        int port, string folder, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var program = Executables.Require("redis-server", "Redis", "Install it (Debian: redis-server).");

        // What was acknowledged outlives the process, and the machine but for the last second.
        var server = new RedisProcess(
            port,
            program,
            [
                "--bind", "127.0.0.1", "--port", port.ToString(CultureInfo.InvariantCulture), "--dir", folder, "--appendonly", "yes",
                "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction", "--daemonize", "no", .. arguments,
            ]);
        await server.WaitUntilReadyAsync(cancellationToken);
        return server;
    }

    /// <summary>Starts a sentinel that watches one primary, and waits until it answers.</summary>
    /// <param name="port">Where it listens.</param>
    /// <param name="folder">The folder of its configuration, which it rewrites.</param>
    /// <param name="name">How the primary is called.</param>
    /// <param name="primaryPort">Where the primary listens.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="RunnerException">redis-server is missing, or did not come up.</exception>
    public static async Task<RedisProcess> StartSentinelAsync(
        int port, string folder, string name, int primaryPort, CancellationToken cancellationToken)
    {
        var program = Executables.Require("redis-server", "Redis", "Install it (Debian: redis-server).");
        var file = Path.Combine(folder, "sentinel.conf");
        await File.WriteAllTextAsync(
            file, $"bind 127.0.0.1\nport {port}\ndir {folder}\nsentinel monitor {name} 127.0.0.1 {primaryPort} 1\n", cancellationToken);
        var sentinel = new RedisProcess(port, program, [file, "--sentinel"]);
        await sentinel.WaitUntilReadyAsync(cancellationToken);
        return sentinel;
    }

    private protected override async Task ProbeAsync(CancellationToken cancellationToken)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Port, cancellationToken);
        await client.GetStream().WriteAsync("PING\r\n"u8.ToArray(), cancellationToken);
        var answer = new byte[256];
        var length = await client.GetStream().ReadAsync(answer, cancellationToken);
        var text = Encoding.ASCII.GetString(answer, 0, length);
        if (!text.StartsWith("+PONG", StringComparison.Ordinal) && !text.StartsWith("-NOAUTH", StringComparison.Ordinal))
        {
            // -LOADING: it still reads its data.
            throw new IOException($"What answers on port {Port} is not a Redis server that is ready.");
        }
    }
}
