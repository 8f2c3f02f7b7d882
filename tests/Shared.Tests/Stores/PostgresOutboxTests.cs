using Npgsql;
using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>What is the PostgreSQL outbox's own: order of commits, rows written by hand, concurrency, and plans.</summary>
public sealed class PostgresOutboxTests(PostgresServer server) : IAsyncLifetime
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    private PostgresOutboxHarness? _store;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private PostgresOutboxHarness Store => _store!;

    private PostgresSchema Schema => Store.Schema;

    private IOutboxRepository Repository => Store.Repository;

    public async ValueTask InitializeAsync() => _store = await PostgresOutboxHarness.CreateAsync(server);

    public ValueTask DisposeAsync() => Store.DisposeAsync();

    [Fact]
    public async Task Rows_that_commit_in_another_order_than_they_were_numbered_are_all_sent()
    {
        await using var first = await TransactionAsync("INSERT INTO {{outbox}} (event_id, subject, payload) VALUES ('first', 's', '{}')");
        await using (var second = await TransactionAsync("INSERT INTO {{outbox}} (event_id, subject, payload) VALUES ('second', 's', '{}')"))
        {
            await second.CommitAsync(Ct);
        }

        Assert.Equal(["second"], await SendAllAsync());
        await first.CommitAsync(Ct);
        Assert.Equal(["first"], await SendAllAsync());
    }

    [Fact]
    public async Task The_rows_of_one_key_are_numbered_in_the_order_in_which_they_commit()
    {
        const string Insert = "INSERT INTO {{outbox}} (event_id, subject, payload, ordering_key) VALUES ($1, 's', '{}', 'k')";
        var first = await TransactionAsync(Insert, "first");
        var second = Schema.ExecuteAsync(Insert, "second");
        await WaitForLockAsync();
        await Schema.ExecuteAsync(Insert.Replace("'k'", "'other'", StringComparison.Ordinal), "other");
        Assert.Equal(["other"], await SendAllAsync());

        await first.CommitAsync(Ct);
        await second;

        var claims = await Repository.ClaimAsync(10, Lease, Ct);
        Assert.Equal(["first", "second"], claims.Select(claim => claim.EventId));
    }

    [Fact]
    public async Task A_key_whose_first_writer_rolls_back_goes_on()
    {
        const string Insert = "INSERT INTO {{outbox}} (event_id, subject, payload, ordering_key) VALUES ($1, 's', '{}', 'k')";
        var first = await TransactionAsync(Insert, "first");
        var second = Schema.ExecuteAsync(Insert, "second");
        await WaitForLockAsync();
        await first.RollbackAsync(Ct);
        await second;
        Assert.Equal(["second"], await SendAllAsync());
    }

    [Fact]
    public async Task Rows_without_a_key_wait_for_nobody()
    {
        await using var first = await TransactionAsync("INSERT INTO {{outbox}} (event_id, subject, payload) VALUES ('first', 's', '{}')");
        await Schema.ExecuteAsync("SET LOCAL lock_timeout = '1s'; INSERT INTO {{outbox}} (event_id, subject, payload) VALUES ('second', 's', '{}')");
        Assert.Equal(["second"], await SendAllAsync());
    }

    [Fact(Timeout = 60_000)]
    public async Task A_claim_waits_for_no_row_that_somebody_holds()
    {
        await CreateAsync("held", "free");
        await using var holder = await TransactionAsync("SELECT FROM {{outbox}} WHERE event_id = 'held' FOR UPDATE");
        Assert.Equal("free", Assert.Single(await Repository.ClaimAsync(10, Lease, Ct)).EventId);
    }

    [Fact(Timeout = 60_000)]
    public async Task What_comes_after_a_row_that_somebody_holds_is_left_alone()
    {
        foreach (var eventId in new[] { "k1", "k2", "k3" })
        {
            await Repository.FindOrCreateAsync(Sample.Event(eventId) with { OrderingKey = "k" }, Ct);
        }

        await using (var holder = await TransactionAsync("SELECT FROM {{outbox}} WHERE event_id = 'k2' FOR UPDATE"))
        {
            Assert.Equal("k1", Assert.Single(await Repository.ClaimAsync(10, Lease, Ct)).EventId);
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task Cleanup_and_reset_wait_for_no_row_that_somebody_holds()
    {
        var old = TimeProvider.System.GetUtcNow() - TimeSpan.FromDays(30);
        await Store.WriteAsync(new("sent") { Status = "sent", SentAt = old });
        await Store.WriteAsync(new("stale") { Status = "publishing", DueAt = old, Token = "t" });
        await using var holder = await TransactionAsync("SELECT FROM {{outbox}} FOR UPDATE");
        Assert.Equal(0, (await Repository.CleanupAsync(TimeSpan.FromDays(1), null, null, 10, Ct)).Affected);
        Assert.Equal(0, (await Repository.ResetStaleAsync(TimeSpan.Zero, null, 10, Ct)).Affected);
    }

    [Fact]
    public async Task A_cleanup_goes_on_from_a_saved_cursor_and_leaves_to_the_next_what_was_sent_before_it()
    {
        await SentAsync("first", 10);
        var first = await Repository.CleanupAsync(TimeSpan.FromDays(1), null, null, 4, Ct);
        Assert.Equal(4, first.Affected);

        // In another process, hours later: a row that somebody held when the first step came by is there again.
        await SentAsync("held", 1, firstDay: 400);
        var other = Store.CreateRepository();
        var second = await other.CleanupAsync(TimeSpan.FromDays(1), null, first.Cursor, 4, Ct);
        var third = await other.CleanupAsync(TimeSpan.FromDays(1), null, second.Cursor, 4, Ct);
        Assert.Equal((4, 2, null), (second.Affected, third.Affected, third.Cursor));
        Assert.Equal("held-0", Assert.Single(await EventIdsAsync()));

        Assert.Equal(1, (await other.CleanupAsync(TimeSpan.FromDays(1), null, null, 4, Ct)).Affected);
        Assert.Empty(await EventIdsAsync());
    }

    [Fact]
    public async Task A_step_of_a_cleanup_deletes_what_was_sent_first_wherever_it_is_in_the_table()
    {
        await SentAsync("e", 10);
        await Repository.CleanupAsync(TimeSpan.FromDays(1), null, null, 3, Ct);
        Assert.Equal(Enumerable.Range(0, 7).Select(i => $"e-{i}"), (await EventIdsAsync()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_row_that_is_replayed_while_a_cleanup_comes_by_is_not_deleted()
    {
        await SentAsync("e", 3);
        await using (var replay = await TransactionAsync("UPDATE {{outbox}} SET status = 'pending', sent_at = NULL WHERE event_id = 'e-2'"))
        {
            Assert.Equal(2, (await Repository.CleanupAsync(TimeSpan.FromDays(1), null, null, 10, Ct)).Affected);
            await replay.CommitAsync(Ct);
        }

        Assert.Equal(0, (await Repository.CleanupAsync(TimeSpan.FromDays(1), null, null, 10, Ct)).Affected);
        Assert.Equal("e-2", Assert.Single(await EventIdsAsync()));
    }

    [Fact]
    public async Task An_id_that_is_written_again_and_again_while_it_is_deleted_is_always_answered()
    {
        using var stop = new CancellationTokenSource();
        var deleting = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await Store.DeleteAsync("e-1");
            }
        });
        var created = 0;
        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(async () =>
        {
            var repository = Store.CreateRepository();
            for (var i = 0; i < 100; i++)
            {
                var answer = await repository.FindOrCreateAsync(Sample.Event("e-1"), Ct);
                Assert.Equal("e-1", answer.Row.Event.EventId);
                if (answer.Created)
                {
                    Interlocked.Increment(ref created);
                }
            }
        })));
        await stop.CancelAsync();
        await deleting;
        Assert.True(created > 1, "the id was deleted and written again");
    }

    [Fact]
    public async Task Many_relays_on_one_table_send_every_row_once()
    {
        await Schema.ExecuteAsync(
            "INSERT INTO {{outbox}} (event_id, subject, payload, ordering_key) "
            + "SELECT 'e-' || n, 's', '{}', CASE WHEN n % 3 = 0 THEN 'k' || n % 30 END FROM generate_series(1, 600) n");
        var sent = (await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => SendAllAsync(limit: 25))))).SelectMany(ids => ids).ToList();
        sent.AddRange(await SendAllAsync());
        Assert.Equal(600, sent.Count);
        Assert.Equal(600, sent.Distinct().Count());
    }

    [Theory]
    [InlineData("subject", null, ErrorCodes.SubjectInvalid)]
    [InlineData("payload", null, ErrorCodes.PayloadInvalid)]
    [InlineData("subject", "orders.*", ErrorCodes.SubjectInvalid)]
    [InlineData("headers", "not json", ErrorCodes.HeadersInvalid)]
    [InlineData("headers", "[1]", ErrorCodes.HeadersInvalid)]
    [InlineData("headers", """{"a":1}""", ErrorCodes.HeadersInvalid)]
    [InlineData("headers", """{"a":null}""", ErrorCodes.HeadersInvalid)]
    [InlineData("headers", """{"a":{"b":"c"}}""", ErrorCodes.HeadersInvalid)]
    [InlineData("headers", """{"a":"1","a":"2"}""", ErrorCodes.HeadersInvalid)]
    [InlineData("headers", """{"a":"\ud800"}""", ErrorCodes.HeadersInvalid)]
    [InlineData("headers", """{"\udfff":"a"}""", ErrorCodes.HeadersInvalid)]
    [InlineData("headers", """{"a":"\u0000"}""", ErrorCodes.HeadersInvalid)]
    [InlineData("headers", """{"Nats-Msg-Id":"x"}""", ErrorCodes.HeadersInvalid)]
    [InlineData("headers", "", ErrorCodes.HeadersInvalid)]
    [InlineData("ordering_key", "", ErrorCodes.OrderingKeyInvalid)]
    [InlineData("result", "{", ErrorCodes.FieldInvalid)]
    public async Task A_row_written_by_hand_that_breaks_the_contract_is_claimed_as_such_and_its_neighbours_as_ever(
        string column, string? value, string code)
    {
        await CreateAsync("before");
        await CreateAsync("bad");
        await Schema.ExecuteAsync($"UPDATE {{{{outbox}}}} SET {column} = $1 WHERE event_id = 'bad'", value);
        await CreateAsync("after");

        var claims = (await Repository.ClaimAsync(10, Lease, Ct)).ToDictionary(claim => claim.EventId);

        Assert.Equal(code, claims["bad"].Violation!.Code);
        Assert.Null(claims["bad"].Event);
        Assert.NotNull(claims["before"].Event);
        Assert.NotNull(claims["after"].Event);
        Assert.Equal(1, (await Repository.ParkAsync([new("bad", claims["bad"].Token, 0, code, "no")], Ct)).Applied);
    }

    [Fact]
    public async Task A_row_without_an_id_is_parked_by_its_number()
    {
        await Schema.ExecuteAsync("ALTER TABLE {{outbox}} DROP CONSTRAINT {{outbox:pkey}}; ALTER TABLE {{outbox}} ALTER event_id DROP NOT NULL");
        await Schema.ExecuteAsync("INSERT INTO {{outbox}} (event_id, subject, payload) VALUES (NULL, 's', '{}')");
        var claim = Assert.Single(await Repository.ClaimAsync(10, Lease, Ct));
        Assert.Equal(ErrorCodes.EventIdInvalid, claim.Violation!.Code);
        Assert.Equal(1, (await Repository.ParkAsync([new(claim.EventId, claim.Token, 0, "code", "no")], Ct)).Applied);
        Assert.Equal(1, (await Repository.GetCountByStatusAsync(Ct))["failed"]);
    }

    [Theory]
    [InlineData("infinity")]
    [InlineData("-infinity")]
    [InlineData("4713-01-01 00:00:00Z BC")]
    [InlineData("294276-01-01 00:00:00Z")]
    public async Task A_time_that_no_calendar_has_spoils_nothing(string time)
    {
        await CreateAsync("good");
        await Schema.ExecuteAsync(
            $"INSERT INTO {{{{outbox}}}} (event_id, subject, payload, enqueued_at, available_at) VALUES ('odd', 's', '{{}}', '{time}', '-infinity')");
        Assert.True(await Repository.OldestDueAgeAsync(Ct) > TimeSpan.Zero);
        Assert.Equal(2, (await Repository.FindPendingAsync(10, Ct)).Count);
        Assert.Equal(2, (await Repository.ClaimAsync(10, Lease, Ct)).Count);
        Assert.NotNull(await Repository.FindAsync("odd", Ct));
    }

    [Fact]
    public async Task Rows_without_a_status_or_a_time_are_counted_and_become_due_by_a_reconcile()
    {
        await Schema.ExecuteAsync("INSERT INTO {{outbox}} (event_id, subject, payload, status) VALUES ('no-status', 's', '{}', NULL)");
        await Schema.ExecuteAsync(
            "INSERT INTO {{outbox}} (event_id, subject, payload, available_at, enqueued_at) VALUES ('no-time', 's', '{}', NULL, NULL)");
        Assert.Empty(await Repository.ClaimAsync(10, Lease, Ct));
        Assert.Equal((1, 1), ((await Repository.GetCountByStatusAsync(Ct))[""], (await Repository.GetCountByStatusAsync(Ct))["pending"]));

        Assert.Equal(1, (await Repository.ReconcileAsync(TimeSpan.FromMinutes(5), null, 100, Ct)).Recovered);

        Assert.Equal("no-time", Assert.Single(await Repository.ClaimAsync(10, Lease, Ct)).EventId);
    }

    [Theory]
    [InlineData("infinity", null)]
    [InlineData("294276-01-01 00:00:00Z", "k")]
    public async Task A_row_that_would_never_be_due_is_parked_by_a_reconcile_with_its_reason(string time, string? key)
    {
        await CreateAsync("good");
        await Schema.ExecuteAsync(
            $"INSERT INTO {{{{outbox}}}} (event_id, subject, payload, ordering_key, available_at) VALUES ('never', 's', '{{}}', $1, '{time}')", key);
        await Schema.ExecuteAsync(
            "INSERT INTO {{outbox}} (event_id, subject, payload, available_at) VALUES ('late', 's', '{}', '9999-12-31 23:59:59Z')");

        Assert.Equal(1, (await Repository.ReconcileAsync(TimeSpan.FromMinutes(5), null, 100, Ct)).Recovered);

        var row = (await Repository.FindAsync("never", Ct))!;
        Assert.Equal((OutboxStatus.Failed, ErrorCodes.FieldInvalid), (row.Status, row.ErrorCode));
        Assert.Contains("available_at", row.ErrorMessage!, StringComparison.Ordinal);
        Assert.NotNull(row.FailedAt);
        Assert.Equal(2, (await Repository.GetCountByStatusAsync(Ct))["pending"]);
        Assert.Equal("good", Assert.Single(await Repository.ClaimAsync(10, Lease, Ct)).EventId);
    }

    [Fact]
    public async Task An_id_with_nul_is_nobodys() => Assert.Null(await Repository.FindAsync("a\0b", Ct));

    [Fact]
    public async Task A_key_with_many_rows_and_many_blocked_keys_hold_up_nobody()
    {
        await Schema.ExecuteAsync(
            "INSERT INTO {{outbox}} (event_id, subject, payload, ordering_key) "
            + "SELECT 'hot-' || n, 's', '{}', 'hot' FROM generate_series(1, 100000) n");
        await Schema.ExecuteAsync(
            "INSERT INTO {{outbox}} (event_id, subject, payload, ordering_key, available_at) "
            + "SELECT 'blocked-' || n, 's', '{}', 'blocked-' || n, now() + interval '1 day' FROM generate_series(1, 5000) n");
        await Schema.ExecuteAsync(
            "INSERT INTO {{outbox}} (event_id, subject, payload, ordering_key) VALUES ('a', 's', '{}', 'a'), ('z', 's', '{}', 'z')");
        await Schema.ExecuteAsync("INSERT INTO {{outbox}} (event_id, subject, payload) VALUES ('free', 's', '{}')");
        await Schema.ExecuteAsync("ANALYZE {{outbox}}");

        var claimed = new List<string>();
        for (var i = 0; i < 20 && !(claimed.Contains("a") && claimed.Contains("z") && claimed.Contains("free") && claimed.Exists(IsHot)); i++)
        {
            claimed.AddRange((await Repository.ClaimAsync(100, Lease, Ct)).Select(claim => claim.EventId));
        }

        Assert.Contains("a", claimed);
        Assert.Contains("z", claimed);
        Assert.Contains("free", claimed);
        Assert.DoesNotContain(claimed, id => id.StartsWith("blocked", StringComparison.Ordinal));
        Assert.InRange(claimed.Count(IsHot), 1, 50);

        static bool IsHot(string id) => id.StartsWith("hot", StringComparison.Ordinal);
    }

    // The later a row is in the table, the earlier it was sent: what comes first there is not what is to go first.
    private Task SentAsync(string name, int count, int firstDay = 30) => Schema.ExecuteAsync(
        """
        INSERT INTO {{outbox}} (event_id, subject, payload, status, sent_at)
        SELECT $2 || '-' || n, 's', '{}', 'sent', now() - make_interval(days => $3 + n) FROM generate_series(0, $1 - 1) n
        """,
        count,
        name,
        firstDay);

    private async Task<IEnumerable<string>> EventIdsAsync() =>
        (await Schema.QueryAsync("SELECT event_id FROM {{outbox}}")).Select(row => row["event_id"]);

    private async Task CreateAsync(params string[] eventIds)
    {
        foreach (var eventId in eventIds)
        {
            await Repository.FindOrCreateAsync(Sample.Event(eventId), Ct);
        }
    }

    private async Task<IReadOnlyList<string>> SendAllAsync(int limit = 100)
    {
        var repository = Store.CreateRepository();
        var sent = new List<string>();
        while (await repository.ClaimAsync(limit, Lease, Ct) is { Count: > 0 } claims)
        {
            Assert.Equal(
                claims.Count, (await repository.MarkSentAsync([.. claims.Select(claim => new OutboxMark(claim.EventId, claim.Token))], Ct)).Applied);
            sent.AddRange(claims.Select(claim => claim.EventId));
        }

        return sent;
    }

    private async Task<NpgsqlTransaction> TransactionAsync(string sql, params object[] parameters)
    {
        var connection = await Schema.DataSource.OpenConnectionAsync(Ct);
        var transaction = await connection.BeginTransactionAsync(Ct);
        await using var command = new NpgsqlCommand(Schema.Fill(sql), connection, transaction);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new() { Value = parameter });
        }

        await command.ExecuteNonQueryAsync(Ct);
        return transaction;
    }

    private Task WaitForLockAsync() => Eventually.TrueAsync(
        async () => await Schema.ScalarAsync(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'") is long and > 0,
        "the second writer waits for the first");
}
