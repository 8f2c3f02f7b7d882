using MongoDB.Driver;
using Relaybox.Inbox;
using Relaybox.MongoDb;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.KillProbe;

internal sealed class MongoProbedStore : IProbedStore
{
    private readonly MongoProxy _proxy;
    private readonly MongoClient _client;

    internal MongoProbedStore(string connection, string database, string step)
    {
        _proxy = new MongoProxy(new MongoUrl(connection).Server.Port);
        if (MongoSteps.Wire.TryGetValue(step, out var point))
        {
            _proxy.Once(point.Text, point.Moment, _ =>
            {
                ProbeHandler.Kill();
                return Task.CompletedTask;
            });
        }

        _client = new MongoClient(_proxy.ConnectionString);
        var target = _client.GetDatabase(database);
        var options = new MongoOptions();
        Inbox = new MongoInboxRepository(new MongoConnections(target, options), TimeProvider.System, SystemEntropy.Instance);
        Handler = new MongoProbeHandler(step, target, new MongoOutboxWriter(target, options));
    }

    public IInboxRepository Inbox { get; }

    public IMessageHandler<string> Handler { get; }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _proxy.DisposeAsync();
    }
}
