using System.Data.Common;
using MySqlConnector;
using Relaybox.MySql;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>The MySQL writer does what every writer does.</summary>
public sealed class MySqlOutboxWriterTests(MySqlServer server) : SqlOutboxWriterConformance
{
    private protected override async Task<SqlWriterHarness> CreateHarnessAsync() => await MySqlWriterHarness.CreateAsync(server);

    [Fact]
    public async Task An_operation_that_swallows_an_error_of_the_database_commits_the_rest()
    {
        await Writer.InTransactionAsync(transaction => Writer.OrderAsync(transaction, "o-1"));
        await Writer.RunAsync(
            async (transaction, _) =>
            {
                await Writer.OrderAsync(transaction, "o-2");
                await Assert.ThrowsAsync<MySqlException>(() => Writer.OrderAsync(transaction, "o-1"));
                return 1;
            },
            "{}",
            "orders.placed");
        Assert.Equal((2L, 1L), (await Store.OrdersAsync(), await Store.CountAsync("{{outbox}}")));
    }

    [Fact]
    public async Task An_operation_that_swallows_a_deadlock_leaves_no_event_behind()
    {
        await Store.ExecuteAsync("INSERT INTO {{schema}}.orders VALUES ('a'), ('b')");
        await using var connection = await Writer.OpenAsync();
        await using var other = await connection.BeginTransactionAsync(Ct);

        // In a deadlock the server ends the transaction that has written less: not this one.
        await ExecuteAsync(other, "INSERT INTO {{schema}}.orders SELECT CONCAT('n-', bucket) FROM {{outbox.keys}}");
        await ExecuteAsync(other, "SELECT id FROM {{schema}}.orders WHERE id = 'b' FOR UPDATE");
        var isHeld = new TaskCompletionSource();
        var running = Writer.RunAsync(
            async (transaction, _) =>
            {
                await Writer.OrderAsync(transaction, "o-1");
                await ExecuteAsync(transaction, "SELECT id FROM {{schema}}.orders WHERE id = 'a' FOR UPDATE");
                isHeld.SetResult();
                await Assert.ThrowsAsync<MySqlException>(
                    () => ExecuteAsync(transaction, "SELECT id FROM {{schema}}.orders WHERE id = 'b' FOR UPDATE"));
                return 1;
            },
            "{}",
            "orders.placed");
        await isHeld.Task;
        await ExecuteAsync(other, "SELECT id FROM {{schema}}.orders WHERE id = 'a' FOR UPDATE");
        await Assert.ThrowsAsync<TransactionEndedException>(() => running);
        await other.RollbackAsync(Ct);
        Assert.Equal((2L, 0L), (await Store.OrdersAsync(), await Store.CountAsync("{{outbox}}")));
    }

    [Fact]
    public async Task Nothing_of_a_batch_is_there_where_one_of_its_ids_is_taken_and_the_app_goes_on()
    {
        await Store.Outbox.FindOrCreateAsync(Sample.Event("taken", "first"), Ct);
        await Writer.InTransactionAsync(async transaction =>
        {
            await Assert.ThrowsAsync<EventIdConflictException>(
                () => Writer.EnqueueManyAsync([Sample.Event("new"), Sample.Event("taken", "second")], transaction));
            await Writer.OrderAsync(transaction, "o-1");
        });
        Assert.Equal((1L, 1L), (await Store.OrdersAsync(), await Store.CountAsync("{{outbox}}")));
    }

    [Fact]
    public async Task Other_events_than_a_batch_of_ten_thousand_keys_find_their_locks_free_once_it_is_committed()
    {
        var events = Enumerable.Range(0, 10_008).Select(i => Sample.Event($"e-{i}") with { OrderingKey = $"k-{i % 10_000}" }).ToList();
        await Writer.InTransactionAsync(transaction => Writer.EnqueueManyAsync(events, transaction));
        await Writer.InTransactionAsync(transaction => Writer.EnqueueAsync(Sample.Event("last") with { OrderingKey = "k-7" }, transaction));
        Assert.Equal(["e-7", "e-10007", "last"], await Store.IdsOfKeyAsync("k-7"));
        Assert.Equal(10_009L, await Store.CountAsync("{{outbox}}"));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    [InlineData("repository")]
    public async Task A_bucket_of_keys_that_is_missing_is_named_and_setup_puts_it_right(string way)
    {
        await Store.ExecuteAsync("DELETE FROM {{outbox.keys}}");
        var missing = await Assert.ThrowsAsync<OutboxNumbersException>(() => WriteAsync(way, [Sample.Event("new") with { OrderingKey = "k" }]));
        Assert.Contains("outbox_keys", missing.Message, StringComparison.Ordinal);
        Assert.Contains("Setup", missing.Message, StringComparison.Ordinal);
        Assert.Null(await Store.Outbox.FindAsync("new", Ct));

        await WriteAsync(way, [Sample.Event("plain")]);
        await ((MySqlWriterHarness)Store).Schema.MigrateAsync();
        await WriteAsync(way, [Sample.Event("new") with { OrderingKey = "k" }]);
        Assert.Equal(["new"], await Store.IdsOfKeyAsync("k"));
    }

    [Theory]
    [InlineData("Duplicate entry 'x' for key 'outbox_event_id'", true)]
    [InlineData("Duplicate entry 'x' for key 'outbox.outbox_event_id'", true)]
    [InlineData("Duplicate entry 'x' for key 'OUTBOX.Outbox_event_id'", true)]
    [InlineData("Duplicate entry 'outbox_event_id' for key 'outbox.PRIMARY'", false)]
    [InlineData("Duplicate entry 'x' for key 'others.outbox_event_id'", false)]
    [InlineData("Duplicate entry 'x' for key 'my_outbox_event_id'", false)]
    public void The_key_of_the_event_id_is_told_from_others_in_the_words_of_each_server(string text, bool isOfEventId) =>
        Assert.Equal(isOfEventId, new OutboxRefusal(new MySqlOptions()).IsOfKey(text));

    private async Task ExecuteAsync(DbTransaction transaction, string sql)
    {
        await using var command = transaction.Connection!.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = ((MySqlWriterHarness)Store).Schema.Fill(sql);
        await command.ExecuteNonQueryAsync(Ct);
    }
}

/// <summary>A connection to MySQL that is cut around the commit of a business operation and its event.</summary>
public sealed class MySqlOutboxWriterCommitTests(MySqlServer server) : SqlOutboxWriterCommitConformance
{
    private protected override async Task<SqlWriterHarness> CreateHarnessAsync() => await MySqlWriterHarness.CreateAsync(server);
}
