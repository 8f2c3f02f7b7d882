using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Relaybox.Local.Servers;
using Relaybox.Local.Stores.Redis;

namespace Relaybox.Testing;

/// <summary>
/// A real cluster on loopback: three primaries with a replica each, every one with an append-only file that is written before a change is
/// acknowledged.
/// </summary>
public sealed class RedisCluster : IAsyncDisposable
{
    private const int Primaries = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly List<Node> _nodes = [];

    private RedisCluster()
    {
    }

    /// <summary>All servers, as <c>127.0.0.1:port</c> with commas between them.</summary>
    public string Addresses => string.Join(',', _nodes.Select(node => $"127.0.0.1:{node.Port}"));

    /// <summary>Starts it, and waits until every slot is served and every replica follows.</summary>
    public static async Task<RedisCluster> StartAsync()
    {
        var cluster = new RedisCluster();
        try
        {
            var ports = NetworkPorts.Free(Primaries * 4);
            for (var i = 0; i < Primaries * 2; i++)
            {
                cluster._nodes.Add(new Node(ports[i], ports[(Primaries * 2) + i]));
            }

            await Task.WhenAll(cluster._nodes.Select(node => node.StartAsync()));
            await cluster.JoinAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Lets the replica of a key's slot take over, in order: nothing is lost.</summary>
    public async Task FailoverAsync(string key)
    {
        var (primary, replica) = await FindAsync(key);
        await UntilAsync(async () => await replica.AskAsync("CLUSTER", "FAILOVER") == "OK", "the failover begins");
        await UntilAsync(async () => (await FindAsync(key)).Primary != primary, "the replica has taken over");
    }

    /// <summary>
    /// Kills (SIGKILL) the primary of a key's slot, and waits until its replica has taken over. What the replica has not got is lost.
    /// </summary>
    public async Task KillPrimaryAsync(string key)
    {
        var (primary, replica) = await FindAsync(key);
        await primary.KillAsync();
        await WaitForTakeoverAsync(replica);
    }

    /// <summary>Kills (SIGKILL) the replica of a key's slot.</summary>
    public async Task KillReplicaAsync(string key) => await (await FindAsync(key)).Replica.KillAsync();

    /// <summary>
    /// Kills (SIGKILL) the primary of a key's slot, starts its killed replica, and waits until that one has taken over with what it has.
    /// </summary>
    public async Task KillPrimaryAndStartReplicaAsync(string key)
    {
        var (primary, replica) = await FindAsync(key);
        await primary.KillAsync();
        await replica.StartAsync();
        await WaitForTakeoverAsync(replica);
    }

    /// <summary>Starts what was killed, and waits until every replica follows.</summary>
    public async Task StartAgainAsync()
    {
        await Task.WhenAll(_nodes.Where(node => !node.IsRunning).Select(node => node.StartAsync()));
        await UntilWholeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }
    }

    private static async Task WaitForTakeoverAsync(Node replica) => await UntilAsync(
        async () => (await replica.AskAsync("ROLE")).Contains("master", StringComparison.Ordinal)
            && (await replica.AskAsync("CLUSTER", "INFO")).Contains("cluster_state:ok", StringComparison.Ordinal),
        "the replica has taken over");

    private static Task UntilAsync(Func<Task<bool>> isSo, string what) => Eventually.TrueAsync(
        async () =>
        {
            try
            {
                return await isSo();
            }
            catch (Exception e) when (e is IOException or SocketException)
            {
                // A server is away for a moment.
                return false;
            }
        },
        what,
        Patience);

    private async Task JoinAsync()
    {
        for (var i = 0; i < Primaries; i++)
        {
            await _nodes[i].AskAsync(
                "CLUSTER", "ADDSLOTSRANGE", $"{16_384 * i / Primaries}", $"{(16_384 * (i + 1) / Primaries) - 1}");
        }

        foreach (var node in _nodes.Skip(1))
        {
            await _nodes[0].AskAsync("CLUSTER", "MEET", "127.0.0.1", $"{node.Port}", $"{node.BusPort}");
        }

        for (var i = Primaries; i < _nodes.Count; i++)
        {
            var (replica, primary) = (_nodes[i], _nodes[i - Primaries]);
            var id = await primary.AskAsync("CLUSTER", "MYID");
            await UntilAsync(async () => await replica.AskAsync("CLUSTER", "REPLICATE", id) == "OK", "a replica knows its primary");
        }

        await UntilWholeAsync();
    }

    private async Task UntilWholeAsync()
    {
        foreach (var node in _nodes)
        {
            await UntilAsync(
                async () => (await node.AskAsync("CLUSTER", "INFO")).Contains("cluster_state:ok", StringComparison.Ordinal)
                    && Lines(await node.AskAsync("CLUSTER", "NODES")).Count(line => line.Contains("connected", StringComparison.Ordinal)
                        && !line.Contains("fail", StringComparison.Ordinal)) == _nodes.Count
                    && (!(await node.AskAsync("INFO", "replication")).Contains("role:slave", StringComparison.Ordinal)
                        || (await node.AskAsync("INFO", "replication")).Contains("master_link_status:up", StringComparison.Ordinal)),
                "the cluster is whole");
        }
    }

    private async Task<(Node Primary, Node Replica)> FindAsync(string key)
    {
        foreach (var node in _nodes.Where(node => node.IsRunning))
        {
            var slot = int.Parse(await node.AskAsync("CLUSTER", "KEYSLOT", key), CultureInfo.InvariantCulture);
            var lines = Lines(await node.AskAsync("CLUSTER", "NODES")).Select(line => line.Split(' ')).ToList();
            var primary = lines.SingleOrDefault(parts => parts[2].Contains("master", StringComparison.Ordinal)
                && !parts[2].Contains("fail", StringComparison.Ordinal) && parts.Skip(8).Any(range => IsIn(range, slot)));
            if (primary is not null && lines.FirstOrDefault(parts => parts[3] == primary[0]) is { } replica)
            {
                return (NodeOf(primary), NodeOf(replica));
            }
        }

        throw new InvalidOperationException($"Nobody serves the key '{key}' with a replica.");
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static bool IsIn(string range, int slot) => range.Split('-') switch
    {
        [var one] => int.TryParse(one, out var number) && number == slot,
        [var from, var to] => int.TryParse(from, out var first) && int.TryParse(to, out var last) && slot >= first && slot <= last,
        _ => false,
    };

    private Node NodeOf(string[] parts) => _nodes.Single(node => parts[1].StartsWith($"127.0.0.1:{node.Port}@", StringComparison.Ordinal));

    private sealed class Node(int port, int busPort) : IAsyncDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("relaybox-redis-").FullName;
        private RedisProcess? _process;

        public int Port => port;

        public int BusPort => busPort;

        public bool IsRunning => _process is { Ended.IsCompleted: false };

        public async Task StartAsync()
        {
            if (_process is not null)
            {
                await _process.DisposeAsync();
            }

            _process = await RedisProcess.StartAsync(
                port,
                _folder,
                [
                    "--cluster-enabled", "yes", "--cluster-port", $"{busPort}", "--cluster-config-file", "nodes.conf", "--cluster-node-timeout",
                    "2000", "--cluster-replica-validity-factor", "0", "--appendfsync", "always", "--repl-diskless-sync-delay", "0",
                ],
                CancellationToken.None);
        }

        public Task KillAsync() => _process!.KillAsync();

        /// <summary>Sends a command over a connection of its own; the answer as text, an error too.</summary>
        public async Task<string> AskAsync(params string[] command)
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port);
            var stream = client.GetStream();
            var text = new StringBuilder($"*{command.Length}\r\n");
            foreach (var part in command)
            {
                text.Append(CultureInfo.InvariantCulture, $"${part.Length}\r\n{part}\r\n");
            }

            await stream.WriteAsync(Encoding.ASCII.GetBytes(text.ToString()));
            using var reader = new StreamReader(stream, Encoding.UTF8);
            return await ReadAsync(reader);
        }

        public async ValueTask DisposeAsync()
        {
            if (_process is not null)
            {
                await _process.DisposeAsync();
            }

            Directory.Delete(_folder, recursive: true);
        }

        private static async Task<string> ReadAsync(StreamReader reader)
        {
            var line = await reader.ReadLineAsync() ?? throw new IOException("The server closed the connection.");
            switch (line[0])
            {
                case '$':
                    var buffer = new char[int.Parse(line[1..], CultureInfo.InvariantCulture)];
                    await reader.ReadBlockAsync(buffer);
                    await reader.ReadLineAsync();
                    return new string(buffer);
                case '*':
                    var parts = new List<string>();
                    for (var i = int.Parse(line[1..], CultureInfo.InvariantCulture); i > 0; i--)
                    {
                        parts.Add(await ReadAsync(reader));
                    }

                    return string.Join(' ', parts);
                default:
                    return line[1..];
            }
        }
    }
}
