using System.Net;
using System.Net.Sockets;
using System.Text;
using Relaybox.Local.Processes;
using Relaybox.Local.Servers;

namespace Relaybox.Local.Brokers.Nats;

/// <summary>A NATS server with JetStream on loopback: the real one.</summary>
public sealed class NatsProcess : ServerProcess
{
    private NatsProcess(int port, string program, IEnumerable<string> arguments)
        : base("nats", port, program, arguments)
    {
    }

    /// <inheritdoc />
    public override Uri Endpoint => new($"nats://127.0.0.1:{Port}");

    /// <summary>Starts a server and waits until it answers.</summary>
    /// <param name="port">Where it listens.</param>
    /// <param name="storage">The folder of its streams; a server that is started again on it has them still.</param>
    /// <param name="arguments">What else it is told, such as <c>-c file</c>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="RunnerException">nats-server is missing, or did not come up.</exception>
    public static async Task<NatsProcess> StartAsync(
        int port, string storage, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        // Debian's package puts it where only root's PATH leads.
        var program = Executables.Find("nats-server") ?? (File.Exists("/usr/sbin/nats-server")
            ? "/usr/sbin/nats-server"
            : Executables.Require("nats-server", "JetStream", "Install it (Debian: nats-server)."));
        var server = new NatsProcess(port, program, ["-a", "127.0.0.1", "-p", $"{port}", "-js", "-sd", storage, .. arguments]);
        await server.WaitUntilReadyAsync(cancellationToken);
        return server;
    }

    private protected override async Task ProbeAsync(CancellationToken cancellationToken)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Port, cancellationToken);
        var greeting = new byte[5];
        await client.GetStream().ReadExactlyAsync(greeting, cancellationToken);
        if (Encoding.ASCII.GetString(greeting) != "INFO ")
        {
            throw new RunnerException($"What answers on port {Port} is not a NATS server.");
        }
    }
}
