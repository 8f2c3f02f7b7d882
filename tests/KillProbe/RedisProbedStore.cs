using System.Globalization;
using Relaybox.Inbox;
using Relaybox.Redis;
using Relaybox.Testing;
using Relaybox.Timing;
using StackExchange.Redis;

namespace Relaybox.KillProbe;

internal sealed class RedisProbedStore : IProbedStore
{
    private readonly WireProxy _proxy;
    private readonly ConnectionMultiplexer _multiplexer;

    /// <param name="port">The server's port on loopback.</param>
    /// <param name="prefix">The prefix of the keys, and how many buckets there are: <c>relaybox/4</c>.</param>
    /// <param name="step">Where to end.</param>
    internal RedisProbedStore(int port, string prefix, string step)
    {
        var options = new RedisOptions
        {
            KeyPrefix = prefix.Split('/')[0], Buckets = int.Parse(prefix.Split('/')[1], CultureInfo.InvariantCulture),
        };
        _proxy = new WireProxy(port);
        if (RedisSteps.Wire.TryGetValue(step, out var point))
        {
            _proxy.Once(point.Text, point.Moment, async _ =>
            {
                if (step == RedisSteps.CommitAnswered)
                {
                    await CommittedAsync(port, options);
                }

                ProbeHandler.Kill();
            });
        }

        _multiplexer = ConnectionMultiplexer.Connect($"127.0.0.1:{_proxy.Port},name={RedisSteps.ClientName}");
        Inbox = new RedisInboxRepository(new RedisConnections(_multiplexer), options, TimeProvider.System, SystemEntropy.Instance);
        Handler = new RedisProbeHandler(step);
    }

    public IInboxRepository Inbox { get; }

    public IMessageHandler<string> Handler { get; }

    public async ValueTask DisposeAsync()
    {
        await _multiplexer.DisposeAsync();
        await _proxy.DisposeAsync();
    }

    // The first answer can be that of the script's loading.
    private static async Task CommittedAsync(int port, RedisOptions options)
    {
        await using var other = await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{port}");
        var processed = Bucket.All(options).Select(bucket => new InboxNames(bucket).Processed).ToArray();
        while (!(await Task.WhenAll(processed.Select(key => other.GetDatabase().SortedSetLengthAsync(key)))).Any(length => length > 0))
        {
            await Task.Yield();
        }
    }
}
