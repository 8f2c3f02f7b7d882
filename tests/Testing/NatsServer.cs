using Relaybox.Local.Brokers.Nats;
using Relaybox.Local.Processes;
using Relaybox.Local.Servers;
using Xunit;

namespace Relaybox.Testing;

/// <summary>
/// A real NATS server with JetStream for one test assembly: <c>[assembly: AssemblyFixture(typeof(NatsServer))]</c>, then a
/// constructor parameter of the test class. Every test makes streams of its own (<see cref="UniqueName"/>). A test that
/// stops the server, or configures it, makes a server of its own (<see cref="StartAsync"/>).
/// </summary>
public sealed class NatsServer : IAsyncLifetime
{
    private readonly string _storage = Directory.CreateTempSubdirectory("relaybox-nats-").FullName;
    private IReadOnlyList<string> _arguments = [];
    private NatsProcess? _process;

    /// <summary>Where it listens, as <c>nats://127.0.0.1:port</c>.</summary>
    public string Url => $"nats://127.0.0.1:{Port}";

    public int Port => Started.Port;

    private NatsProcess Started => _process ?? throw new InvalidOperationException("The server has not been started.");

    /// <summary>A name for a stream, a consumer or the first token of a subject.</summary>
    public static string UniqueName(string prefix = "T") => $"{prefix}{Guid.NewGuid():N}";

    /// <summary>A server of its own for a test that breaks or configures it.</summary>
    /// <param name="configuration">The text of its configuration file; null: none.</param>
    public static async Task<NatsServer> StartAsync(string? configuration = null)
    {
        var server = new NatsServer();
        if (configuration is not null)
        {
            var file = Path.Combine(server._storage, "nats.conf");
            await File.WriteAllTextAsync(file, configuration);
            server._arguments = ["-c", file];
        }

        await server.StartAgainAsync(NetworkPorts.Free(1)[0]);
        return server;
    }

    /// <summary>Kills the server with SIGKILL; its streams stay.</summary>
    public Task StopAtOnceAsync() => Started.KillAsync();

    /// <summary>Halts the server (SIGSTOP): connections stay open, and nothing answers, until <see cref="Resume"/>.</summary>
    public void Halt() => Signals.Send(Started.Pid, Signals.Stop);

    /// <summary>Lets the server go on after <see cref="Halt"/>.</summary>
    public void Resume() => Signals.Send(Started.Pid, Signals.Continue);

    /// <summary>Starts the server again on the same port and streams.</summary>
    public Task StartAgainAsync() => StartAgainAsync(Port);

    public ValueTask InitializeAsync() => new(StartAgainAsync(NetworkPorts.Free(1)[0]));

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        Directory.Delete(_storage, recursive: true);
    }

    private async Task StartAgainAsync(int port)
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        _process = await NatsProcess.StartAsync(port, _storage, _arguments, CancellationToken.None);
    }
}
