using System.Data.Common;
using System.Text.Json.Serialization;
using Npgsql;
using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

public sealed partial class PostgresOutboxWriterTests(PostgresServer server) : IAsyncLifetime
{
    private PostgresSchema _schema = null!;
    private PostgresOutboxRepository _outbox = null!;
    private PostgresOutboxWriter _writer = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _schema = await PostgresSchema.CreateAsync(server);
        await _schema.ExecuteAsync("CREATE TABLE {{schema}}.orders (id text PRIMARY KEY)");
        _outbox = new(new PostgresConnections(_schema.DataSource), _schema.Options, TimeProvider.System, SystemEntropy.Instance);
        _writer = new(_schema.DataSource, _schema.Options);
    }

    public ValueTask DisposeAsync() => _schema.DisposeAsync();

    [Fact]
    public async Task A_row_commits_with_the_apps_own_transaction()
    {
        var outboxEvent = _writer.NewEvent("orders.placed", """{ "id" : 7 }""");
        await InTransactionAsync(async transaction =>
        {
            await OrderAsync(transaction, "o-1");
            await _writer.EnqueueAsync(outboxEvent, transaction, Ct);
            Assert.Null(await _outbox.FindAsync(outboxEvent.EventId, Ct));
        });

        var row = await _outbox.FindAsync(outboxEvent.EventId, Ct);
        Assert.Equal((OutboxStatus.Pending, """{ "id" : 7 }"""), (row!.Status, row.Event.Payload));
        Assert.Equal(7, Guid.Parse(outboxEvent.EventId).Version);
        Assert.InRange(row.Event.EnqueuedAt!.Value, await _schema.NowAsync() - TimeSpan.FromMinutes(1), await _schema.NowAsync());
    }

    [Fact]
    public async Task A_row_is_not_there_where_the_apps_own_transaction_is_rolled_back()
    {
        await using var connection = await _schema.DataSource.OpenConnectionAsync(Ct);
        await using (var transaction = await connection.BeginTransactionAsync(Ct))
        {
            await _writer.EnqueueAsync(Sample.Event("e-1"), transaction, Ct);
            await _writer.EnqueueManyAsync([Sample.Event("e-2"), Sample.Event("e-3")], transaction, Ct);
        }

        Assert.Empty(await _outbox.GetCountByStatusAsync(Ct));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Everything_that_belongs_to_an_event_is_written(bool wrapped)
    {
        var events = new List<OutboxEvent>();
        await InTransactionAsync(async transaction =>
        {
            DbTransaction ado = wrapped ? new WrappedTransaction(transaction) : transaction;
            foreach (var row in Sample.AwkwardPayloads.Where(row => !row.Data.Contains('\0', StringComparison.Ordinal)))
            {
                var outboxEvent = Sample.Event(payload: row.Data) with
                {
                    Headers = new Dictionary<string, string> { ["h"] = "é \"quoted\" <b>", ["X-Empty"] = "" },
                    OrderingKey = "customer 7",
                    EnqueuedAt = new DateTimeOffset(2026, 2, 3, 6, 5, 6, 789, TimeSpan.FromHours(2)),
                    AvailableAt = new DateTimeOffset(2026, 2, 3, 7, 5, 6, 789, TimeSpan.FromHours(2)),
                    Result = """[ 1 ]""",
                };
                await _writer.EnqueueAsync(outboxEvent, ado, Ct);
                events.Add(outboxEvent);
            }

            var minimal = Sample.Event("minimal");
            await _writer.EnqueueAsync(minimal, ado, Ct);
        });

        foreach (var written in events)
        {
            var read = (await _outbox.FindAsync(written.EventId, Ct))!.Event;
            Assert.Equal(written with { Headers = read.Headers }, read);
            Assert.Equal(written.Headers.OrderBy(h => h.Key), read.Headers.OrderBy(h => h.Key));
        }

        var least = (await _outbox.FindAsync("minimal", Ct))!.Event;
        Assert.Equal((null, null, null, 0), (least.OrderingKey, least.Result, least.AvailableAt, least.Headers.Count));
    }

    [Theory]
    [InlineData("npgsql")]
    [InlineData("wrapped")]
    [InlineData("many")]
    [InlineData("operation")]
    public async Task An_id_that_is_taken_is_an_error_that_names_it_and_nothing_is_written(string way)
    {
        await _outbox.FindOrCreateAsync(Sample.Event("taken", "first"), Ct);
        var second = Sample.Event("taken", "second");
        var error = await Assert.ThrowsAsync<EventIdConflictException>(() => way == "operation"
            ? _writer.ExecuteWithOutboxAsync(async (transaction, _) => await OrderAsync(transaction, "o-1"), second, cancellationToken: Ct)
            : InTransactionAsync(async transaction =>
            {
                await OrderAsync(transaction, "o-1");
                await (way switch
                {
                    "npgsql" => _writer.EnqueueAsync(second, transaction, Ct),
                    "wrapped" => _writer.EnqueueAsync(second, new WrappedTransaction(transaction), Ct),
                    _ => _writer.EnqueueManyAsync([Sample.Event(), second], transaction, Ct),
                });
            }));
        Assert.Equal("taken", error.EventId);
        Assert.Equal("first", (await _outbox.FindAsync("taken", Ct))!.Event.Payload);
        Assert.Equal(0L, await OrdersAsync());
        Assert.Equal(1, (await _outbox.GetCountByStatusAsync(Ct))["pending"]);
    }

    [Fact]
    public async Task An_operation_and_its_event_commit_together_and_the_result_travels_in_the_message()
    {
        var result = await _writer.ExecuteWithOutboxAsync(
            async (transaction, _) =>
            {
                await OrderAsync(transaction, "o-1");
                return new Placed("o-1", 7);
            },
            """{ "userId" : "user123" }""",
            "USER_CREATED",
            WriterJson.Default.Placed,
            Ct);

        Assert.Equal(new Placed("o-1", 7), result);
        var row = Assert.Single(await _outbox.FindPendingAsync(10, Ct));
        Assert.Equal(
            ("USER_CREATED", """{ "userId" : "user123" }""", """{"Id":"o-1","Number":7}"""),
            (row.Event.Subject, row.Event.Payload, row.Event.Result));
        Assert.Equal(1L, await OrdersAsync());
    }

    [Fact]
    public async Task Neither_is_there_where_the_operation_throws()
    {
        await Assert.ThrowsAsync<InvalidDataException>(() => _writer.ExecuteWithOutboxAsync<int>(
            async (transaction, _) =>
            {
                await OrderAsync(transaction, "o-1");
                throw new InvalidDataException();
            },
            "{}",
            "orders.placed",
            cancellationToken: Ct));
        Assert.Equal(0L, await OrdersAsync());
        Assert.Empty(await _outbox.GetCountByStatusAsync(Ct));
    }

    [Fact]
    public async Task Neither_is_there_where_the_operation_swallows_an_error_of_the_database()
    {
        await InTransactionAsync(transaction => OrderAsync(transaction, "o-1"));
        await Assert.ThrowsAsync<PostgresException>(() => _writer.ExecuteWithOutboxAsync(
            async (transaction, _) =>
            {
                await Assert.ThrowsAsync<PostgresException>(() => OrderAsync(transaction, "o-1"));
                return 1;
            },
            "{}",
            "orders.placed",
            cancellationToken: Ct));
        Assert.Empty(await _outbox.GetCountByStatusAsync(Ct));
    }

    [Theory]
    [InlineData("commit")]
    [InlineData("rollback")]
    [InlineData("dispose")]
    [InlineData("sql")]
    public async Task An_operation_that_ends_the_transaction_itself_is_told_so_and_no_event_is_written(string how)
    {
        await Assert.ThrowsAsync<TransactionEndedException>(() => _writer.ExecuteWithOutboxAsync(
            async (transaction, _) =>
            {
                await OrderAsync(transaction, "o-1");
                await EndAsync(transaction, how);
                return 1;
            },
            "{}",
            "orders.placed",
            cancellationToken: Ct));
        Assert.Empty(await _outbox.GetCountByStatusAsync(Ct));
    }

    [Fact]
    public async Task An_operation_is_not_called_for_an_event_that_breaks_the_contract()
    {
        var calls = 0;
        foreach (var (payload, subject) in new[] { ("{}", "a..b"), ("nul \0", "orders.placed"), ("half \uD800", "orders.placed") })
        {
            await Assert.ThrowsAsync<RowContractException>(() => _writer.ExecuteWithOutboxAsync(
                (_, _) => Task.FromResult(calls++), payload, subject, cancellationToken: Ct));
        }

        Assert.Equal(0, calls);
    }

    [Fact]
    public async Task Nothing_is_sent_where_one_of_many_breaks_the_contract() => await InTransactionAsync(async transaction =>
    {
        await Assert.ThrowsAsync<RowContractException>(
            () => _writer.EnqueueManyAsync([Sample.Event("e-1"), Sample.Event("e-2", subject: "no good")], transaction, Ct));
        await _writer.EnqueueManyAsync([], transaction, Ct);

        // The transaction is as it was.
        await _writer.EnqueueAsync(Sample.Event("e-1"), transaction, Ct);
    });

    [Fact]
    public async Task Thousands_of_events_are_written_and_each_key_keeps_its_order()
    {
        var events = Enumerable.Range(0, 5000)
            .Select(i => Sample.Event($"e-{i}", i % 100 == 0 ? new string('x', 100_000) : $"{i}") with
            {
                OrderingKey = i % 5 == 0 ? null : $"k{(i * 7) % 5}",
            })
            .ToList();

        await InTransactionAsync(transaction => _writer.EnqueueManyAsync(events, transaction, Ct));

        Assert.Equal(5000, (await _outbox.GetCountByStatusAsync(Ct))["pending"]);
        foreach (var key in events.Select(e => e.OrderingKey).Distinct())
        {
            var rows = await _schema.QueryAsync(
                "SELECT event_id FROM {{outbox}} WHERE ordering_key IS NOT DISTINCT FROM $1::text ORDER BY row_id", key);
            Assert.Equal(events.Where(e => e.OrderingKey == key).Select(e => e.EventId), rows.Select(row => row["event_id"]));
        }
    }

    [Fact]
    public async Task Transactions_that_write_the_same_keys_do_not_wait_for_each_other_in_a_circle()
    {
        var writes = Enumerable.Range(0, 8).Select(worker => Task.Run(() => InTransactionAsync(transaction =>
        {
            var keys = Enumerable.Range(0, 50).Select(k => $"k{k}");
            return _writer.EnqueueManyAsync(
                (worker % 2 == 0 ? keys : keys.Reverse()).Select(key => Sample.Event() with { OrderingKey = key }), transaction, Ct);
        })));
        await Task.WhenAll(writes);
        Assert.Equal(400, (await _outbox.GetCountByStatusAsync(Ct))["pending"]);
    }

    [Fact]
    public async Task A_batch_of_ten_thousand_keys_leaves_the_lock_table_to_others_and_each_key_keeps_its_order()
    {
        var events = Enumerable.Range(0, 20_000).Select(i => Sample.Event($"e-{i}") with { OrderingKey = $"k-{i % 10_000}" }).ToList();
        await InTransactionAsync(async transaction =>
        {
            await _writer.EnqueueManyAsync(events, transaction, Ct);
            await using var locks = new NpgsqlCommand(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()", transaction.Connection, transaction);
            Assert.InRange((long)(await locks.ExecuteScalarAsync(Ct))!, 1, 1024);
        });

        Assert.Equal(20_000L, await _schema.ScalarAsync("SELECT count(*) FROM {{outbox}}"));
        Assert.Equal(0L, await _schema.ScalarAsync(
            """
            SELECT count(*) FROM {{outbox}} a JOIN {{outbox}} b ON b.event_id = 'e-' || (substr(a.event_id, 3)::int + 10000)
            WHERE a.row_id > b.row_id OR a.ordering_key <> b.ordering_key
            """));
    }

    [Fact]
    public async Task Who_writes_a_key_that_another_writes_waits_for_it_however_it_is_written()
    {
        await using var connection = await _schema.DataSource.OpenConnectionAsync(Ct);
        await using var first = await connection.BeginTransactionAsync(Ct);
        await _writer.EnqueueAsync(Sample.Event("first") with { OrderingKey = "k" }, first, Ct);

        var second = InTransactionAsync(
            transaction => _writer.EnqueueManyAsync(
                [Sample.Event("second") with { OrderingKey = "k" }, Sample.Event() with { OrderingKey = "other" }], transaction, Ct));
        await Eventually.TrueAsync(
            async () => await _schema.ScalarAsync(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND classid = '{{outbox}}'::regclass::oid") is 1L,
            "the second writer waits");
        await first.CommitAsync(Ct);
        await second;

        Assert.Equal(true, await _schema.ScalarAsync(
            "SELECT (SELECT row_id FROM {{outbox}} WHERE event_id = 'first') < (SELECT row_id FROM {{outbox}} WHERE event_id = 'second')"));
    }

    [Fact]
    public async Task Batches_of_other_keys_that_share_their_locks_do_not_wait_for_each_other_in_a_circle()
    {
        var writes = Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            for (var round = 0; round < 5; round++)
            {
                var keys = Enumerable.Range(0, 300).Select(k => $"{k}-{worker}-{round}");
                await InTransactionAsync(transaction => _writer.EnqueueManyAsync(
                    keys.Select(key => Sample.Event() with { OrderingKey = key }), transaction, Ct));
            }
        }));
        await Task.WhenAll(writes);
        Assert.Equal(12_000, (await _outbox.GetCountByStatusAsync(Ct))["pending"]);
    }

    [Fact]
    public async Task Every_way_of_writing_works_with_the_right_to_insert_alone()
    {
        var role = $"app_{Guid.NewGuid():N}";
        await _schema.ExecuteAsync(
            $$$"""
            CREATE ROLE {{{role}}} LOGIN;
            GRANT USAGE ON SCHEMA {{schema}} TO {{{role}}};
            GRANT INSERT ON {{outbox}} TO {{{role}}};
            GRANT USAGE ON SEQUENCE {{outbox.row_ids}} TO {{{role}}};
            GRANT INSERT ON {{schema}}.orders TO {{{role}}};
            """);
        await using (var source = _schema.Connect(builder => builder.Username = role))
        {
            var writer = new PostgresOutboxWriter(source, _schema.Options);
            await writer.ExecuteWithOutboxAsync(
                async (transaction, ct) =>
                {
                    await writer.EnqueueAsync(Sample.Event(), transaction, ct);
                    await writer.EnqueueAsync(Sample.Event(), new WrappedTransaction(transaction), ct);
                    await writer.EnqueueManyAsync(
                        [Sample.Event() with { OrderingKey = "k" }, Sample.Event() with { OrderingKey = "l" }], transaction, ct);
                    await OrderAsync(transaction, "o-1");
                    return 1;
                },
                "{}",
                "orders.placed",
                cancellationToken: Ct);
        }

        Assert.Equal(5, (await _outbox.GetCountByStatusAsync(Ct))["pending"]);
        await _schema.ExecuteAsync($"DROP OWNED BY {role}; DROP ROLE {role}");
    }

    private static async Task EndAsync(NpgsqlTransaction transaction, string how)
    {
        switch (how)
        {
            case "commit":
                await transaction.CommitAsync(Ct);
                break;
            case "rollback":
                await transaction.RollbackAsync(Ct);
                break;
            case "dispose":
                await transaction.DisposeAsync();
                break;
            default:
                await using (var command = new NpgsqlCommand("COMMIT", transaction.Connection))
                {
                    await command.ExecuteNonQueryAsync(Ct);
                }

                break;
        }
    }

    private async Task InTransactionAsync(Func<NpgsqlTransaction, Task> work)
    {
        await using var connection = await _schema.DataSource.OpenConnectionAsync(Ct);
        await using var transaction = await connection.BeginTransactionAsync(Ct);
        await work(transaction);
        await transaction.CommitAsync(Ct);
    }

    private async Task<int> OrderAsync(NpgsqlTransaction transaction, string id)
    {
        await using var command = new NpgsqlCommand(_schema.Fill("INSERT INTO {{schema}}.orders VALUES ($1)"), transaction.Connection, transaction);
        command.Parameters.Add(new() { Value = id });
        return await command.ExecuteNonQueryAsync(Ct);
    }

    private Task<object?> OrdersAsync() => _schema.ScalarAsync("SELECT count(*) FROM {{schema}}.orders");

    private sealed record Placed(string Id, int Number);

    [JsonSerializable(typeof(Placed))]
    private sealed partial class WriterJson : JsonSerializerContext;
}
