using MySqlConnector;
using Relaybox.Inbox;
using Relaybox.MySql;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.KillProbe;

internal sealed class MySqlProbedStore : IProbedStore
{
    private readonly WireProxy _proxy;
    private readonly MySqlDataSource _source;

    /// <param name="connection">The connection string.</param>
    /// <param name="place">The schema and the server's time in SQL, with <c>|</c> between them.</param>
    /// <param name="step">Where to end.</param>
    internal MySqlProbedStore(string connection, string place, string step)
    {
        var (schema, now) = (place.Split('|')[0], place.Split('|')[1]);
        var options = new MySqlOptions { Schema = schema, Now = now };
        var text = new MySqlConnectionStringBuilder(connection) { SslMode = MySqlSslMode.None };
        _proxy = new WireProxy((int)text.Port);
        text.Port = (uint)_proxy.Port;
        if (MySqlSteps.Wire.TryGetValue(step, out var point))
        {
            _proxy.Once(point.Text, point.Moment, async _ =>
            {
                if (step == MySqlSteps.CommitAnswered)
                {
                    await CommittedAsync(connection, schema);
                }

                ProbeHandler.Kill();
            });
        }

        _source = MySqlSession.CreateDataSource(text.ConnectionString);
        Inbox = new MySqlInboxRepository(new MySqlConnections(_source), options, TimeProvider.System, SystemEntropy.Instance);
        Handler = new MySqlProbeHandler(step, $"`{schema}`.kill_effects", new MySqlOutboxWriter(_source, options));
    }

    public IInboxRepository Inbox { get; }

    public IMessageHandler<string> Handler { get; }

    public async ValueTask DisposeAsync()
    {
        await _source.DisposeAsync();
        await _proxy.DisposeAsync();
    }

    // The server answers each statement of the message, and the COMMIT last.
    private static async Task CommittedAsync(string connectionString, string schema)
    {
        await using var connection = new MySqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new MySqlCommand($"SELECT COUNT(*) FROM `{schema}`.inbox WHERE status = 'processed'", connection);
        while ((long)(await command.ExecuteScalarAsync())! == 0)
        {
            await Task.Yield();
        }
    }
}
