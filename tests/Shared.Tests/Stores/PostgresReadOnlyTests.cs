using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Inbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>A handler's connection leads to a server that takes no writes, as after a failover: what is pooled stays there.</summary>
public sealed class PostgresReadOnlyTests(PostgresServer server) : IAsyncLifetime
{
    private PostgresSchema _schema = null!;
    private PostgresConnections _connections = null!;
    private PostgresInboxRepository _inbox = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string Role => $"{_schema.Options.Schema}_user";

    public async ValueTask InitializeAsync()
    {
        _schema = await PostgresSchema.CreateAsync(server);
        await _schema.ExecuteAsync($"CREATE ROLE {Role} LOGIN SUPERUSER; CREATE TABLE {{{{schema}}}}.effects (name text PRIMARY KEY)");
        var url = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Username = Role, SearchPath = $"{_schema.Options.Schema},pg_catalog" };
        _connections = new(new PostgresConnectionOptions { Url = url.ConnectionString, KeepsSessions = true }, new NoSecrets());
        _inbox = new(_connections, _schema.Options, TimeProvider.System, SystemEntropy.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await _connections.DisposeAsync();
        await _schema.DisposeAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_handler_whose_connection_takes_no_writes_uses_up_no_attempt_and_the_next_one_connects_anew(bool enlists)
    {
        // The claims' own pool has a good connection, the handlers' a stale one.
        await using (await _connections.OpenConnectionAsync(Ct))
        {
        }

        await _schema.ExecuteAsync($"ALTER ROLE {Role} SET default_transaction_read_only = on");
        await using (await _connections.OpenForHandlerAsync(Ct))
        {
        }

        await _schema.ExecuteAsync($"ALTER ROLE {Role} RESET default_transaction_read_only");
        var deliveries = new List<int>();
        var insert = _schema.Fill("INSERT INTO {{schema}}.effects VALUES ('a')");
        var handlers = new HandlerRegistry("billing").AddRaw("orders.>", new Handler<string>(async (_, context, ct) =>
        {
            deliveries.Add(context.Deliveries);
            if (enlists)
            {
                context.Transaction.Enlist(new NpgsqlBatchCommand(insert));
                return;
            }

            var transaction = await context.Transaction.GetNpgsqlTransactionAsync(ct);
            await using var command = new NpgsqlCommand(insert, transaction.Connection, transaction);
            await command.ExecuteNonQueryAsync(ct);
        }));

        var again = Assert.IsType<MessageOutcome.Retry>(await ConsumeAsync(handlers));
        Assert.Equal(ErrorCodes.StoreFailed, again.ErrorCode);
        var record = await _inbox.FindAsync("billing", "e-1", Ct);
        Assert.Equal((InboxStatus.Failed, 0, 0), (record!.Status, record.Deliveries, record.Unfinished));
        Assert.Contains("25006", record.ErrorMessage, StringComparison.Ordinal);

        Assert.IsType<MessageOutcome.Processed>(await ConsumeAsync(handlers));
        Assert.Equal([1, 1], deliveries);
    }

    [Fact]
    public async Task A_handler_that_commits_by_itself_writes_once_and_is_dead_at_once()
    {
        var handlers = new HandlerRegistry("billing").AddRaw("orders.>", new Handler<string>(async (_, context, ct) =>
        {
            var transaction = await context.Transaction.GetNpgsqlTransactionAsync(ct);
            await using var command = new NpgsqlCommand(
                _schema.Fill("INSERT INTO {{schema}}.effects VALUES (gen_random_uuid()::text)"), transaction.Connection, transaction);
            await command.ExecuteNonQueryAsync(ct);
            await transaction.CommitAsync(ct);
        }));
        Assert.Equal(ErrorCodes.TransactionEnded, Assert.IsType<MessageOutcome.DeadLetter>(await ConsumeAsync(handlers)).ErrorCode);
        Assert.Equal(1L, await _schema.ScalarAsync("SELECT count(*) FROM {{schema}}.effects"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_error_of_the_database_is_named_by_its_SQLSTATE_whether_the_handler_lets_it_through_or_not(bool swallows)
    {
        var handlers = new HandlerRegistry("billing").AddRaw("orders.>", new Handler<string>(async (_, context, ct) =>
        {
            var transaction = await context.Transaction.GetNpgsqlTransactionAsync(ct);
            await using var command = new NpgsqlCommand("SELECT 'canary'::integer", transaction.Connection, transaction);
            try
            {
                await command.ExecuteNonQueryAsync(ct);
            }
            catch (PostgresException e)
            {
                if (!swallows)
                {
                    throw new InvalidOperationException("canary", e);
                }
            }
        }));
        Assert.Equal(ErrorCodes.HandlerFailed, Assert.IsType<MessageOutcome.Retry>(await ConsumeAsync(handlers)).ErrorCode);
        var record = await _inbox.FindAsync("billing", "e-1", Ct);
        Assert.Contains("(22P02)", record!.ErrorMessage, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", record.ErrorMessage, StringComparison.Ordinal);
    }

    private async Task<MessageOutcome> ConsumeAsync(HandlerRegistry handlers)
    {
        var consumer = new InboxConsumer(
            _inbox, handlers, new ConsumerOptions(), TimeProvider.System, SystemEntropy.Instance, NullLogger<InboxConsumer>.Instance);
        var deadline = WorkDeadline.After(TimeSpan.FromMinutes(2), TimeProvider.System);
        return Assert.Single(await consumer.ConsumeAsync([Sample.Message("e-1")], deadline, Ct));
    }
}
