using Microsoft.Extensions.Logging.Abstractions;
using MySqlConnector;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.MySql;
using Relaybox.Shared.Tests.Inbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Sql;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>A handler's server takes no writes any longer, as in a failover: what is pooled stays there.</summary>
public sealed class MySqlReadOnlyTests : IAsyncLifetime
{
    private MySqlServer _server = null!;
    private MySqlSchema _schema = null!;
    private MySqlConnections _connections = null!;
    private MySqlInboxRepository _inbox = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await MySqlServer.StartAsync();
        _schema = await MySqlSchema.CreateAsync(_server);

        // An administrator may write to a read-only server.
        await _schema.ExecuteAsync(
            "CREATE TABLE {{schema}}.effects (name VARCHAR(64) PRIMARY KEY); CREATE USER plain@'%'; GRANT ALL ON {{schema}}.* TO plain@'%'");
        _connections = new(
            new SqlConnectionOptions { Url = $"mysql://plain@127.0.0.1:{_server.Port}/{_schema.Options.Schema}" }, new NoSecrets());
        _inbox = new(_connections, _schema.Options, TimeProvider.System, SystemEntropy.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await _connections.DisposeAsync();
        await _schema.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_handler_whose_server_takes_no_writes_uses_up_no_attempt_and_the_next_one_connects_anew(bool wraps)
    {
        var deliveries = new List<int>();
        var sessions = new List<int>();
        var insert = _schema.Fill("INSERT INTO {{schema}}.effects VALUES ('a')");
        var handlers = new HandlerRegistry("billing").AddRaw("orders.>", new Handler<string>(async (_, context, ct) =>
        {
            deliveries.Add(context.Deliveries);
            var transaction = await context.Transaction.GetMySqlTransactionAsync(ct);
            sessions.Add(transaction.Connection!.ServerThread);
            await _schema.ExecuteAsync($"SET GLOBAL read_only = {(deliveries.Count == 1 ? 1 : 0)}");
            try
            {
                await using var command = new MySqlCommand(insert, transaction.Connection, transaction);
                await command.ExecuteNonQueryAsync(ct);
            }
            catch (MySqlException e) when (wraps)
            {
                throw new InvalidOperationException("canary", e);
            }
            finally
            {
                await _schema.ExecuteAsync("SET GLOBAL read_only = 0");
            }
        }));

        var again = Assert.IsType<MessageOutcome.Retry>(await ConsumeAsync(handlers));
        Assert.Equal(ErrorCodes.StoreFailed, again.ErrorCode);
        var record = await _inbox.FindAsync("billing", "e-1", Ct);
        Assert.Equal((InboxStatus.Failed, 0, 0), (record!.Status, record.Deliveries, record.Unfinished));
        Assert.DoesNotContain("canary", record.ErrorMessage, StringComparison.Ordinal);

        Assert.IsType<MessageOutcome.Processed>(await ConsumeAsync(handlers));
        Assert.Equal([1, 1], deliveries);
        Assert.NotEqual(sessions[0], sessions[1]);
        Assert.Equal(1L, await _schema.ScalarAsync("SELECT COUNT(*) FROM {{schema}}.effects"));
    }

    private async Task<MessageOutcome> ConsumeAsync(HandlerRegistry handlers)
    {
        var consumer = new InboxConsumer(
            _inbox, handlers, new ConsumerOptions(), TimeProvider.System, SystemEntropy.Instance, NullLogger<InboxConsumer>.Instance);
        var deadline = WorkDeadline.After(TimeSpan.FromMinutes(2), TimeProvider.System);
        return Assert.Single(await consumer.ConsumeAsync([Sample.Message("e-1")], deadline, Ct));
    }
}
