using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using Relaybox.Local.Brokers.Nats;
using Relaybox.Local.Servers;

namespace Relaybox.Benchmarks.Nats;

/// <summary>A real nats-server of its own as it comes, and one stream on it that keeps its messages in files.</summary>
internal sealed class BenchStream : IAsyncDisposable
{
    /// <summary>Where every message goes.</summary>
    public const string Subject = "orders.placed";

    private const string Name = "ORDERS";

    private readonly NatsProcess _process;
    private readonly string _storage;
    private readonly NatsConnection _connection;

    private BenchStream(NatsProcess process, string storage)
    {
        _process = process;
        _storage = storage;
        _connection = new NatsConnection(new NatsOpts { Url = Url });
        Context = new NatsJSContext(_connection);
    }

    public string Url => _process.Endpoint.ToString();

    public int Port => _process.Port;

    /// <summary>A connection of its own, as an app would have it.</summary>
    public NatsJSContext Context { get; }

    public static async Task<BenchStream> StartAsync(CancellationToken cancellationToken)
    {
        var storage = Directory.CreateTempSubdirectory("relaybox-bench-nats-").FullName;
        var process = await NatsProcess.StartAsync(NetworkPorts.Free(1)[0], storage, [], cancellationToken);
        return new BenchStream(process, storage);
    }

    /// <summary>Makes the stream anew: without messages, and without memory of the ids of earlier ones.</summary>
    public async Task ResetAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Context.DeleteStreamAsync(Name, cancellationToken);
        }
        catch (NatsJSApiException e) when (e.Error.Code == 404)
        {
            // There was none.
        }

        await Context.CreateStreamAsync(
            new StreamConfig(Name, ["orders.>"]) { Storage = StreamConfigStorage.File, DuplicateWindow = TimeSpan.FromMinutes(2) },
            cancellationToken);
    }

    /// <summary>Makes sure that the stream has what was sent.</summary>
    /// <exception cref="InvalidOperationException">It has not.</exception>
    public async Task RequireAsync(string arm, long messages, CancellationToken cancellationToken)
    {
        var stream = await Context.GetStreamAsync(Name, cancellationToken: cancellationToken);
        if (stream.Info.State.Messages != messages)
        {
            throw new InvalidOperationException($"{arm}: the stream has {stream.Info.State.Messages} of {messages} messages.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        await _process.DisposeAsync();
        Directory.Delete(_storage, recursive: true);
    }
}
