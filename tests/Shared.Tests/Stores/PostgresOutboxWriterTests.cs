using Npgsql;
using Relaybox.Events;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>The PostgreSQL writer does what every writer does.</summary>
public sealed class PostgresOutboxWriterTests(PostgresServer server) : SqlOutboxWriterConformance
{
    private protected override async Task<SqlWriterHarness> CreateHarnessAsync() => await PostgresWriterHarness.CreateAsync(server);

    [Fact]
    public async Task Neither_is_there_where_the_operation_swallows_an_error_of_the_database()
    {
        await Writer.InTransactionAsync(transaction => Writer.OrderAsync(transaction, "o-1"));
        await Assert.ThrowsAsync<PostgresException>(() => Writer.RunAsync(
            async (transaction, _) =>
            {
                await Assert.ThrowsAsync<PostgresException>(() => Writer.OrderAsync(transaction, "o-1"));
                return 1;
            },
            "{}",
            "orders.placed"));
        Assert.Empty(await Store.Outbox.GetCountByStatusAsync(Ct));
    }

    [Fact]
    public async Task An_operation_is_not_called_for_an_event_with_a_character_that_the_server_cannot_keep()
    {
        var calls = 0;
        await Assert.ThrowsAsync<RowContractException>(
            () => Writer.RunAsync((_, _) => Task.FromResult(calls++), "nul \0", "orders.placed"));
        Assert.Equal(0, calls);
    }

    [Fact]
    public async Task A_batch_of_ten_thousand_keys_leaves_the_lock_table_to_others_and_each_key_keeps_its_order()
    {
        var events = Enumerable.Range(0, 20_000).Select(i => Sample.Event($"e-{i}") with { OrderingKey = $"k-{i % 10_000}" }).ToList();
        await Writer.InTransactionAsync(async transaction =>
        {
            await Writer.EnqueueManyAsync(events, transaction);
            await using var locks = transaction.Connection!.CreateCommand();
            locks.CommandText = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()";
            Assert.InRange((long)(await locks.ExecuteScalarAsync(Ct))!, 1, 1024);
        });

        Assert.Equal(20_000L, await Store.CountAsync("{{outbox}}"));
        Assert.Equal(0L, await Store.ScalarAsync(
            """
            SELECT count(*) FROM {{outbox}} a JOIN {{outbox}} b ON b.event_id = 'e-' || (substr(a.event_id, 3)::int + 10000)
            WHERE a.row_id > b.row_id OR a.ordering_key <> b.ordering_key
            """));
    }
}
