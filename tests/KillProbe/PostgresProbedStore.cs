using Npgsql;
using Relaybox.Inbox;
using Relaybox.Postgres;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.KillProbe;

internal sealed class PostgresProbedStore : IProbedStore
{
    private readonly PostgresProxy _proxy;
    private readonly NpgsqlDataSource _source;

    internal PostgresProbedStore(string connection, string schema, string step)
    {
        var options = new PostgresOptions { Schema = schema };
        var text = new NpgsqlConnectionStringBuilder(connection);
        _proxy = new PostgresProxy(text.Port);
        text.Port = _proxy.Port;
        if (Steps.Wire.TryGetValue(step, out var point))
        {
            _proxy.Once(point.Text, point.Moment, _ =>
            {
                ProbeHandler.Kill();
                return Task.CompletedTask;
            });
        }

        _source = NpgsqlDataSource.Create(text.ConnectionString);
        Inbox = new PostgresInboxRepository(new PostgresConnections(_source), options, TimeProvider.System, SystemEntropy.Instance);
        Handler = new ProbeHandler(step, $"\"{schema}\".kill_effects", new PostgresOutboxWriter(_source, options));
    }

    public IInboxRepository Inbox { get; }

    public IMessageHandler<string> Handler { get; }

    public async ValueTask DisposeAsync()
    {
        await _source.DisposeAsync();
        await _proxy.DisposeAsync();
    }
}
