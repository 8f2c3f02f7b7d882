using System.Data.Common;
using Npgsql;
using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>What a writer says of an id that is taken: by the same event, by another, or by nobody knows which.</summary>
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

    [Theory]
    [InlineData("npgsql")]
    [InlineData("wrapped")]
    [InlineData("many")]
    [InlineData("operation")]
    public async Task The_same_event_again_is_told_from_another_with_its_id(string way)
    {
        await WriteAsync(way, [Sample.Event("e-1", "first")]);

        var same = await Assert.ThrowsAsync<EventAlreadyWrittenException>(() => WriteAsync(way, [Sample.Event("e-1", "first")]));
        var other = await Assert.ThrowsAsync<EventIdConflictException>(() => WriteAsync(way, [Sample.Event("e-1", "second")]));
        await Assert.ThrowsAsync<EventIdConflictException>(() => WriteAsync(way, [Sample.Event("e-1", "first", "orders.other")]));

        Assert.Equal(("e-1", "e-1"), (same.EventId, other.EventId));
        Assert.IsType<PostgresException>(same.InnerException);
        Assert.Equal(1L, await _schema.ScalarAsync("SELECT count(*) FROM {{outbox}}"));
    }

    [Fact]
    public async Task Of_many_events_all_are_there_or_one_is_another_or_it_is_not_known()
    {
        // In two statements, so that the second has to be looked at, too.
        var events = Enumerable.Range(0, 1500).Select(i => Sample.Event($"e-{i}")).ToList();
        await WriteAsync("many", events);

        await Assert.ThrowsAsync<EventAlreadyWrittenException>(() => WriteAsync("many", events));
        var conflict = await Assert.ThrowsAsync<EventIdConflictException>(
            () => WriteAsync("many", [.. events[..^1], events[^1] with { Payload = "other" }]));
        Assert.Equal("e-1499", conflict.EventId);
        Assert.Null((await Assert.ThrowsAsync<EventIdTakenException>(() => WriteAsync("many", [.. events, Sample.Event("new")]))).EventId);
        await Assert.ThrowsAsync<EventIdTakenException>(() => WriteAsync("many", [Sample.Event("twice"), Sample.Event("twice")]));
    }

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

    [Fact]
    public async Task Who_may_not_compare_is_told_that_it_is_not_known_and_one_connection_is_enough()
    {
        var role = $"app_{Guid.NewGuid():N}";
        await _schema.ExecuteAsync(
            $"CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA {{{{schema}}}} TO {role}; GRANT INSERT ON {{{{outbox}}}} TO {role}");
        await using (var source = _schema.Connect(builder => (builder.Username, builder.MaxPoolSize, builder.Timeout) = (role, 1, 2)))
        {
            var writer = new PostgresOutboxWriter(source, _schema.Options);
            Task<int> Write() => writer.ExecuteWithOutboxAsync((_, _) => Task.FromResult(1), Sample.Event("e-1"), cancellationToken: Ct);
            await Write();
            Assert.Equal(typeof(EventIdTakenException), (await Assert.ThrowsAnyAsync<EventIdTakenException>(Write)).GetType());
            await _schema.ExecuteAsync($"GRANT EXECUTE ON FUNCTION {{{{outbox.is_same}}}} TO {role}");
            await Assert.ThrowsAsync<EventAlreadyWrittenException>(Write);
        }

        await _schema.ExecuteAsync($"DROP OWNED BY {role}; DROP ROLE {role}");
    }

    [Fact]
    public async Task Another_constraint_of_the_operation_or_of_the_table_stays_the_error_that_it_is()
    {
        await _schema.ExecuteAsync("CREATE TABLE {{schema}}.orders (id text PRIMARY KEY); INSERT INTO {{schema}}.orders VALUES ('o-1')");
        var refused = await Assert.ThrowsAsync<PostgresException>(() => _writer.ExecuteWithOutboxAsync(
            async (transaction, ct) =>
            {
                await using var command = new NpgsqlCommand(
                    _schema.Fill("INSERT INTO {{schema}}.orders VALUES ('o-1')"), transaction.Connection, transaction);
                return await command.ExecuteNonQueryAsync(ct);
            },
            Sample.Event("e-1"),
            cancellationToken: Ct));
        Assert.Equal("orders_pkey", refused.ConstraintName);

        await _schema.ExecuteAsync("CREATE UNIQUE INDEX one_of_each ON {{outbox}} (subject)");
        await WriteAsync("operation", [Sample.Event("e-1")]);
        foreach (var way in new[] { "npgsql", "wrapped", "many", "operation" })
        {
            Assert.Equal("one_of_each", (await Assert.ThrowsAsync<PostgresException>(() => WriteAsync(way, [Sample.Event("e-2")]))).ConstraintName);
        }
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
