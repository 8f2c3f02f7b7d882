using Npgsql;
using Relaybox.Postgres;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Hears what is notified on the channel of an outbox.</summary>
internal sealed class PostgresEar : IAsyncDisposable
{
    private const string Mark = "the test";

    private readonly NpgsqlConnection _connection;
    private readonly string _channel;
    private bool _hasHeard;
    private bool _isMarked;

    private PostgresEar(NpgsqlConnection connection, string channel)
    {
        _connection = connection;
        _channel = channel;
        _connection.Notification += (_, notification) =>
        {
            _isMarked |= notification.Payload == Mark;
            _hasHeard |= notification.Payload != Mark;
        };
    }

    public static async Task<PostgresEar> OpenAsync(PostgresSchema schema, CancellationToken cancellationToken)
    {
        var ear = new PostgresEar(await schema.DataSource.OpenConnectionAsync(cancellationToken), new PostgresNames(schema.Options).Channel);
        await ear.ExecuteAsync($"LISTEN {ear._channel}", cancellationToken);
        return ear;
    }

    /// <summary>Whether anything was notified since the last call. All that was committed before is heard: notifications have one order.</summary>
    public async Task<bool> HasHeardAsync(CancellationToken cancellationToken)
    {
        _isMarked = false;
        await ExecuteAsync($"NOTIFY {_channel}, '{Mark}'", cancellationToken);
        while (!_isMarked)
        {
            await _connection.WaitAsync(cancellationToken);
        }

        var hasHeard = _hasHeard;
        _hasHeard = false;
        return hasHeard;
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, _connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
