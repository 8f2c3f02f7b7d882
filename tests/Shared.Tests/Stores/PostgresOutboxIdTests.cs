using System.Data.Common;
using Npgsql;
using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Where a writer looks for an id that is taken, and what it says of a sequence that was set back.</summary>
public sealed class PostgresOutboxIdTests(PostgresServer server) : IAsyncLifetime
{
    private PostgresSchema _schema = null!;
    private PostgresOutboxRepository _outbox = null!;
    private PostgresOutboxWriter _writer = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _schema = await PostgresSchema.CreateAsync(server);
        _outbox = new(new PostgresConnections(_schema.DataSource), _schema.Options, TimeProvider.System, SystemEntropy.Instance);
        _writer = new(_schema.DataSource, _schema.Options);
    }

    public ValueTask DisposeAsync() => _schema.DisposeAsync();

    [Fact]
    public async Task The_archive_is_looked_at_too()
    {
        await _schema.ExecuteAsync(
            """
            INSERT INTO {{outbox.sent}} (event_id, subject, payload, status, row_id, attempts, sent_at)
            VALUES ('e-1', 'orders.placed', 'first', 'sent', 1, 0, now())
            """);
        Assert.Equal(true, await _schema.ScalarAsync("SELECT {{outbox.is_same}}('e-1', 'orders.placed', 'first')"));
        Assert.Equal(false, await _schema.ScalarAsync("SELECT {{outbox.is_same}}('e-1', 'orders.placed', 'second')"));
        Assert.Equal(DBNull.Value, await _schema.ScalarAsync("SELECT {{outbox.is_same}}('e-2', 'orders.placed', 'first')"));
    }

    [Theory]
    [InlineData("npgsql", null)]
    [InlineData("wrapped", null)]
    [InlineData("many", null)]
    [InlineData("operation", null)]
    [InlineData("repository", null)]
    [InlineData("npgsql", "k")]
    [InlineData("wrapped", "k")]
    [InlineData("many", "k")]
    [InlineData("operation", "k")]
    [InlineData("repository", "k")]
    public async Task A_sequence_that_was_set_back_is_said_to_be_behind_and_setup_puts_it_right(string way, string? key)
    {
        await WriteAsync("many", [.. Enumerable.Range(0, 5).Select(i => Sample.Event($"old-{i}") with { OrderingKey = key })]);
        await _schema.ExecuteAsync("SELECT setval('{{outbox.row_ids}}', 1, false)");
        var added = Sample.Event("new") with { OrderingKey = key };

        var behind = await Assert.ThrowsAsync<OutboxSequenceException>(() => WriteAsync(way, [added]));
        Assert.Contains("outbox_row_ids", behind.Message, StringComparison.Ordinal);
        Assert.Contains("Setup", behind.Message, StringComparison.Ordinal);
        Assert.Null(await _outbox.FindAsync("new", Ct));

        Assert.Empty(await _schema.Migrator().MigrateAsync(Ct));
        await WriteAsync(way, [added]);
        Assert.Equal("new", await _schema.ScalarAsync("SELECT event_id FROM {{outbox}} ORDER BY row_id DESC LIMIT 1"));
    }

    [Fact]
    public async Task A_row_is_never_numbered_before_an_unsent_one_of_its_key_and_others_go_on()
    {
        await WriteAsync("many", [.. Enumerable.Range(0, 5).Select(i => Sample.Event($"old-{i}") with { OrderingKey = "k" })]);

        // Those before it were sent and cleaned up: their numbers are free.
        await _schema.ExecuteAsync("DELETE FROM {{outbox}} WHERE event_id <> 'old-4'");
        await _schema.ExecuteAsync("SELECT setval('{{outbox.row_ids}}', 1, false)");

        await Assert.ThrowsAsync<OutboxSequenceException>(() => WriteAsync("npgsql", [Sample.Event("new") with { OrderingKey = "k" }]));
        await WriteAsync("npgsql", [Sample.Event("other") with { OrderingKey = "l" }]);
        await _schema.ExecuteAsync("UPDATE {{outbox}} SET status = 'sent', sent_at = now() WHERE event_id = 'old-4'");
        await WriteAsync("npgsql", [Sample.Event("new") with { OrderingKey = "k" }]);
    }

    [Fact]
    public async Task Setup_leaves_a_sequence_that_is_not_behind_as_it_is()
    {
        await WriteAsync("many", [.. Enumerable.Range(0, 5).Select(i => Sample.Event($"old-{i}"))]);
        await _schema.ExecuteAsync("SELECT setval('{{outbox.row_ids}}', 100)");

        // A writer that is in the midst of it would keep the table from being locked.
        await using var connection = await _schema.DataSource.OpenConnectionAsync(Ct);
        await using var transaction = await connection.BeginTransactionAsync(Ct);
        await _writer.EnqueueAsync(Sample.Event("open"), transaction, Ct);
        await _schema.MigrateAsync();
        await transaction.CommitAsync(Ct);
        Assert.Equal(101L, await _schema.ScalarAsync("SELECT max(row_id) FROM {{outbox}}"));
        Assert.Equal(101L, await _schema.ScalarAsync("SELECT last_value FROM {{outbox.row_ids}}"));
    }

    private async Task WriteAsync(string way, IReadOnlyList<OutboxEvent> events)
    {
        switch (way)
        {
            case "operation":
                await _writer.ExecuteWithOutboxAsync((_, _) => Task.FromResult(1), events[0], cancellationToken: Ct);
                return;
            case "repository":
                await _outbox.FindOrCreateAsync(events[0], Ct);
                return;
        }

        await using var connection = await _schema.DataSource.OpenConnectionAsync(Ct);
        await using var transaction = await connection.BeginTransactionAsync(Ct);
        DbTransaction ado = way == "wrapped" ? new WrappedTransaction(transaction) : transaction;
        await (way == "many" ? _writer.EnqueueManyAsync(events, transaction, Ct) : _writer.EnqueueAsync(events[0], ado, Ct));
        await transaction.CommitAsync(Ct);
    }
}
