using Relaybox.Local.Processes;
using Relaybox.Local.Servers;
using Relaybox.Local.Stores.Redis;
using StackExchange.Redis;
using Xunit;

namespace Relaybox.Testing;

/// <summary>
/// A real Redis server for one test assembly: <c>[assembly: AssemblyFixture(typeof(RedisServer))]</c>, then a constructor parameter of
/// the test class. Every test works under a key prefix of its own (<see cref="UniquePrefix"/>). A test that stops the server, or
/// configures it, makes a server of its own (<see cref="StartAsync"/>).
/// </summary>
public sealed class RedisServer : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("relaybox-redis-").FullName;
    private IReadOnlyList<string> _arguments = [];
    private RedisProcess? _process;
    private ConnectionMultiplexer? _multiplexer;

    /// <summary>Where it listens, as <c>127.0.0.1:port</c>.</summary>
    public string Address => $"127.0.0.1:{Port}";

    public int Port => Started.Port;

    /// <summary>The tests' own connection, with the rights of an administrator.</summary>
    public IConnectionMultiplexer Multiplexer => _multiplexer ?? throw new InvalidOperationException("The server has not been started.");

    private RedisProcess Started => _process ?? throw new InvalidOperationException("The server has not been started.");

    public static string UniquePrefix() => $"t{Guid.NewGuid():N}";

    /// <summary>A server of its own for a test that breaks or configures it.</summary>
    /// <param name="arguments">What it is told besides, such as <c>--requirepass secret</c>.</param>
    public static async Task<RedisServer> StartAsync(params string[] arguments)
    {
        var server = new RedisServer { _arguments = arguments };
        await server.InitializeAsync();
        return server;
    }

    /// <summary>Another connection, such as the functions have: what is asked for while the server is away fails at once.</summary>
    public Task<ConnectionMultiplexer> ConnectAsync()
    {
        var options = ConfigurationOptions.Parse($"{Address},abortConnect=false");
        options.BacklogPolicy = BacklogPolicy.FailFast;
        return ConnectionMultiplexer.ConnectAsync(options);
    }

    /// <summary>Kills the server with SIGKILL; its data stays.</summary>
    public Task StopAtOnceAsync() => Started.KillAsync();

    /// <summary>Halts the server (SIGSTOP): connections stay open, and nothing answers, until <see cref="Resume"/>.</summary>
    public void Halt() => Signals.Send(Started.Pid, Signals.Stop);

    /// <summary>Lets the server go on after <see cref="Halt"/>.</summary>
    public void Resume() => Signals.Send(Started.Pid, Signals.Continue);

    /// <summary>Starts the server again on the same port and data.</summary>
    public async Task StartAgainAsync()
    {
        var port = Port;
        await Started.DisposeAsync();
        _process = await RedisProcess.StartAsync(port, _folder, _arguments, CancellationToken.None);
    }

    public async ValueTask InitializeAsync()
    {
        _process = await RedisProcess.StartAsync(NetworkPorts.Free(1)[0], _folder, _arguments, CancellationToken.None);
        _multiplexer = await ConnectionMultiplexer.ConnectAsync($"{Address},allowAdmin=true,abortConnect=false");
    }

    public async ValueTask DisposeAsync()
    {
        if (_multiplexer is not null)
        {
            await _multiplexer.DisposeAsync();
        }

        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }
}
