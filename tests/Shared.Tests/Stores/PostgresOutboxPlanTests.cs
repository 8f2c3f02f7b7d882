using System.Text.RegularExpressions;
using Npgsql;
using Relaybox.Outbox;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>
/// What the statements of a relay, and the marks of a consumer, read, however large the table is and however little its statistics know.
/// </summary>
public sealed class PostgresOutboxPlanTests(PostgresServer server) : IAsyncLifetime
{
    private const string ClaimArguments = "(text, interval, bigint, bigint, text, integer, bigint, bigint)";
    private const string ClaimValues = "('t', '2 minutes', 500, 250, '', 1000, 50, 33554432)";

    private const string PlainArguments = "(text, interval, bigint, bigint, integer)";
    private const string PlainValues = "('t', '2 minutes', 500, 33554432, 4)";

    private PostgresOutboxHarness? _store;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private PostgresSchema Schema => _store!.Schema;

    private PostgresNames Names => new(Schema.Options);

    public async ValueTask InitializeAsync() => _store = await PostgresOutboxHarness.CreateAsync(server);

    public ValueTask DisposeAsync() => _store!.DisposeAsync();

    [Theory]
    [InlineData("force_custom_plan")]
    [InlineData("force_generic_plan")]
    public async Task A_claim_reads_no_more_of_the_table_than_it_takes(string planning)
    {
        await FillAsync("n % 2 = 0", "sent", 100_000);
        await FillAsync("n % 5 = 0", "pending", 5_000);
        AssertReadsLittle(await ExplainAsync(Claims.ClaimByTime, ClaimArguments, ClaimValues, planning));
        AssertReadsLittle(await ExplainAsync(Claims.ClaimByKey, ClaimArguments, ClaimValues, planning));
        foreach (var afterSending in Enum.GetValues<AfterSending>())
        {
            var locks = new OutboxClaimSql(Names, OutboxTake.Lock(afterSending));
            AssertReadsLittle(await ExplainAsync(locks.ClaimByTime, ClaimArguments, ClaimValues, planning));
            AssertReadsLittle(await ExplainAsync(locks.ClaimByKey, ClaimArguments, ClaimValues, planning));
            AssertReadsLittle(await ExplainAsync(locks.ClaimPlain, PlainArguments, PlainValues, planning));
        }
    }

    [Theory]
    [InlineData("force_custom_plan")]
    [InlineData("force_generic_plan")]
    public async Task A_claim_of_plain_rows_reads_no_more_of_the_table_than_it_takes(string planning)
    {
        await FillAsync("n % 2 = 0", "sent", 100_000);
        await FillAsync("n % 5 = 0", "pending", 5_000);
        var plan = await ExplainAsync(Claims.ClaimPlain, PlainArguments, PlainValues, planning);
        AssertReadsLittle(plan);
        Assert.DoesNotContain(plan, line => line.Contains("Sort", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_session_that_planned_its_claims_on_a_small_table_does_not_read_all_of_it_once_it_is_large()
    {
        // As if the server had not had the time to count yet.
        await Schema.ExecuteAsync("ALTER TABLE {{outbox}} SET (autovacuum_enabled = off)");
        await using var connection = await Schema.DataSource.OpenConnectionAsync(Ct);
        for (var i = 0; i < 10; i++)
        {
            await ClaimAsync();
        }

        await Schema.ExecuteAsync(
            "INSERT INTO {{outbox}} (event_id, subject, payload) SELECT n::text, 's', repeat('x', 1000) FROM generate_series(1, 5000) n");
        var plan = await ClaimAsync();
        Assert.Contains(plan, line => line.Contains("outbox_row_id", StringComparison.Ordinal));
        Assert.DoesNotContain(plan, line => line.Contains("Seq Scan on outbox", StringComparison.Ordinal));

        Task<List<string>> ClaimAsync() =>
            PlansInsideAsync(
                connection, Claims.ClaimPlain.Replace("$1, $2, $3, $4, $5", "'t', '2 minutes', 500, 33554432, 4", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(AfterSending.Keep, false)]
    [InlineData(AfterSending.Keep, true)]
    [InlineData(AfterSending.Delete, false)]
    [InlineData(AfterSending.Delete, true)]
    [InlineData(AfterSending.Archive, false)]
    [InlineData(AfterSending.Archive, true)]
    public async Task A_session_that_planned_its_marks_and_peeks_on_a_small_table_reads_no_more_of_a_large_one(
        AfterSending afterSending, bool isCounted)
    {
        // As if the server had not had the time to count since. What the harness allows besides (no time) would change the plans.
        await Schema.ExecuteAsync("ALTER TABLE {{outbox}} SET (autovacuum_enabled = off), ALTER COLUMN available_at SET NOT NULL");
        if (isCounted)
        {
            // Where the server knows that there is next to nothing, to read all of it is as cheap as anything.
            await Schema.ExecuteAsync(
                "INSERT INTO {{outbox}} (event_id, subject, payload, status, sent_at) VALUES ('only', 's', '{}', 'sent', now())");
            await Schema.ExecuteAsync("VACUUM (ANALYZE) {{outbox}}");
        }

        await using var connection = await Schema.DataSource.OpenConnectionAsync(Ct);
        var mark = new OutboxMarks(Names, afterSending).Sent.Apply.Replace(
            "$1, $2", "'{2001,2002,2003,2004,2005,2006}', '{t,t,t,t,t,t}'", StringComparison.Ordinal);
        var peek = PostgresOutboxSignal.PeekSql(Names);
        for (var i = 0; i < 10; i++)
        {
            await PlansInsideAsync(connection, mark);
            await PlansInsideAsync(connection, peek);
        }

        await Schema.ExecuteAsync(
            """
            INSERT INTO {{outbox}} (event_id, subject, payload, status, ordering_key, claim_token, lease_until)
            SELECT n::text, 's', repeat('x', 1000), CASE WHEN n % 2 = 0 THEN 'pending' ELSE 'publishing' END,
                CASE WHEN n % 4 < 2 THEN 'k' || n % 100 END, 't', now() + n * interval '1 second'
            FROM generate_series(1, 5000) n
            """);

        var marked = await PlansInsideAsync(connection, mark);
        Assert.Contains(marked, line => line.Contains("Index Scan using outbox_row_id on outbox", StringComparison.Ordinal));
        Assert.InRange(MostRows(marked), 1, 10);
        var peeked = await PlansInsideAsync(connection, peek);
        Assert.Contains(peeked, line => line.Contains("outbox_keyed_due", StringComparison.Ordinal));
        Assert.Equal(1, MostRows(peeked));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_session_that_planned_a_consumers_marks_on_a_small_inbox_reads_no_more_of_a_large_one(bool isCounted)
    {
        await Schema.ExecuteAsync("ALTER TABLE {{inbox}} SET (autovacuum_enabled = off)");
        if (isCounted)
        {
            await Schema.ExecuteAsync(
                "INSERT INTO {{inbox}} (event_id, consumer, status, deliveries, subject, received_at) "
                + "VALUES ('only', 'c', 'processed', 1, 's', now())");
            await Schema.ExecuteAsync("VACUUM (ANALYZE) {{inbox}}");
        }

        await using var connection = await Schema.DataSource.OpenConnectionAsync(Ct);
        var mark = $"SELECT * FROM {Names.InboxMark}('{{2001,2002}}', '{{c,c}}', ARRAY['', ''], '{{t,t}}')";
        for (var i = 0; i < 10; i++)
        {
            await PlansInsideAsync(connection, mark);
        }

        await Schema.ExecuteAsync(
            """
            INSERT INTO {{inbox}} (event_id, consumer, status, deliveries, subject, claim_token, received_at, lease_until)
            SELECT n::text, 'c', CASE WHEN n % 4 = 0 THEN 'processed' ELSE 'processing' END, 1, 's', 't', now(), now() FROM generate_series(1, 5000) n
            """);

        var marked = await PlansInsideAsync(connection, mark);
        Assert.Contains(marked, line => line.Contains("Index Scan using inbox_pkey on inbox", StringComparison.Ordinal));
        Assert.InRange(MostRows(marked), 1, 10);
    }

    [Fact]
    public async Task A_claim_is_not_compiled_and_reads_no_whole_table_where_the_statistics_know_of_no_key()
    {
        await FillAsync("false", "pending", 100_000);
        await Schema.ExecuteAsync("VACUUM (ANALYZE) {{outbox}}");
        await Schema.ExecuteAsync(
            "INSERT INTO {{outbox}} (event_id, subject, payload, ordering_key) SELECT 'k-' || n, 's', '{}', 'k' || n FROM generate_series(1, 50) n");

        foreach (var claim in new[] { Claims.ClaimByTime, Claims.ClaimByKey })
        {
            var plan = await ExplainAsync(claim, ClaimArguments, ClaimValues, "force_custom_plan");
            Assert.DoesNotContain(plan, line => line.Contains("JIT", StringComparison.Ordinal));
            AssertReadsLittle(plan);
            AssertReadsLittle(await ExplainAsync(claim, ClaimArguments, ClaimValues, "force_generic_plan"));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_session_looks_at_no_key_that_only_waits_whatever_the_table_was_when_it_planned(bool isCounted)
    {
        await Schema.ExecuteAsync("ALTER TABLE {{outbox}} SET (autovacuum_enabled = off)");
        await using var connection = await Schema.DataSource.OpenConnectionAsync(Ct);
        var look = $"SELECT * FROM {Names.DueHeads}('', 1000)";
        for (var i = 0; i < 10; i++)
        {
            await PlansInsideAsync(connection, look);
        }

        await Schema.InsertManyAsync(
            "event_id, subject, payload, ordering_key, available_at",
            """
            SELECT n::text, 's', '{}', 'k' || n, CASE WHEN n % 1000 = 0 THEN clock.now ELSE clock.now + interval '1 day' END
            FROM generate_series(1, 20000) n, clock
            """);
        if (isCounted)
        {
            await Schema.ExecuteAsync("VACUUM (ANALYZE) {{outbox}}");
        }

        Assert.InRange(MostRows(await PlansInsideAsync(connection, look)), 20, 40);
    }

    [Fact]
    public async Task A_claim_reads_only_what_it_takes_where_the_statistics_know_of_one_key_alone()
    {
        await Schema.ExecuteAsync(
            """
            ALTER TABLE {{outbox}} SET (autovacuum_enabled = off);
            INSERT INTO {{outbox}} (event_id, subject, payload, ordering_key, available_at)
            VALUES ('first', 's', '{}', 'behind', now() + interval '1 day');
            INSERT INTO {{outbox}} (event_id, subject, payload, ordering_key) SELECT n::text, 's', '{}', 'behind' FROM generate_series(1, 5000) n;
            ANALYZE {{outbox}};
            INSERT INTO {{outbox}} (event_id, subject, payload, ordering_key)
            SELECT 'k-' || n, 's', '{}', 'k' || n % 200 FROM generate_series(1, 2000) n
            """);
        foreach (var claim in new[] { Claims.ClaimByTime, Claims.ClaimByKey })
        {
            var values = ClaimValues.Replace("1000, 50", "8000, 50", StringComparison.Ordinal);
            var plan = await ExplainAsync(claim, ClaimArguments, values, "force_generic_plan");
            AssertReadsLittle(plan);
            Assert.InRange(MostRows(plan), 400, 10_000);
        }
    }

    [Theory]
    [InlineData(AfterSending.Keep)]
    [InlineData(AfterSending.Delete)]
    [InlineData(AfterSending.Archive)]
    public async Task A_mark_looks_only_at_its_rows_whatever_the_statistics_say_of_their_states(AfterSending afterSending)
    {
        // In the midst of a drain: the server has counted pending rows, and they are others' or sent by now.
        await FillAsync("false", "pending", 20_000);
        await Schema.ExecuteAsync("UPDATE {{outbox}} SET status = 'sent', sent_at = now(), claim_token = 'old' WHERE row_id % 2 = 0");
        await Schema.ExecuteAsync(
            "UPDATE {{outbox}} SET status = 'publishing', lease_until = now() + interval '1 minute', claim_token = 'other' WHERE row_id % 2 = 1");
        var marks = new OutboxMarks(Names, afterSending);
        var numbers = await Schema.ScalarAsync(
            "SELECT string_agg(row_id::text, ',') FROM (SELECT row_id FROM {{outbox}} ORDER BY event_id LIMIT 500) chosen");
        var values = $"('{{{numbers}}}', array_fill('t'::text, ARRAY[500]))";

        foreach (var sql in new[] { marks.Sent.Apply, marks.Sent.FindDone })
        {
            foreach (var planning in new[] { "force_custom_plan", "force_generic_plan" })
            {
                AssertReadsLittle(await ExplainAsync(sql, "(bigint[], text[])", values, planning));
            }
        }
    }

    [Theory]
    [InlineData("force_custom_plan")]
    [InlineData("force_generic_plan")]
    public async Task How_long_a_row_has_been_due_is_found_among_many_that_wait_without_a_scan(string planning)
    {
        var sql = new OutboxUpkeepSql(Names).OldestDueAge;
        await FillAsync("n % 2 = 0", "sent", 100_000);
        await FillAsync("n % 5 = 0", "pending", 5_000);
        AssertReadsLittle(await ExplainAsync(sql, "", "", planning));

        // More than are looked at wait behind one row, and the statistics know of none of them.
        await Schema.ExecuteAsync(
            """
            UPDATE {{outbox}} SET status = 'sent', sent_at = now() WHERE status = 'pending';
            INSERT INTO {{outbox}} (event_id, subject, payload, ordering_key, status, failed_at)
            VALUES ('parked', 's', '{}', 'stuck', 'failed', now());
            INSERT INTO {{outbox}} (event_id, subject, payload, ordering_key, available_at)
            SELECT 'stuck-' || n, 's', '{}', 'stuck', now() - interval '1 day' FROM generate_series(1, 2000) n;
            """);
        AssertReadsLittle(await ExplainAsync(sql, "", "", planning));
        Assert.Equal(TimeSpan.Zero, await _store!.Repository.OldestDueAgeAsync(Ct));

        await Schema.ExecuteAsync(
            "INSERT INTO {{outbox}} (event_id, subject, payload, ordering_key, available_at) "
            + "VALUES ('free', 's', '{}', 'x', now() - interval '1 hour')");
        AssertReadsLittle(await ExplainAsync(sql, "", "", planning));
        Assert.InRange(await _store.Repository.OldestDueAgeAsync(Ct), TimeSpan.FromHours(1), TimeSpan.FromHours(1.1));
    }

    [Fact]
    public async Task How_long_a_row_has_been_due_is_found_behind_thousands_of_keys_that_wait()
    {
        await Schema.ExecuteAsync(
            """
            INSERT INTO {{outbox}} (event_id, subject, payload, ordering_key, status, failed_at)
            SELECT 'parked-' || n, 's', '{}', 'k' || n, 'failed', now() FROM generate_series(1, 4000) n;
            INSERT INTO {{outbox}} (event_id, subject, payload, ordering_key, available_at)
            SELECT 'waiting-' || n, 's', '{}', 'k' || n, now() - interval '1 day' FROM generate_series(1, 4000) n;
            INSERT INTO {{outbox}} (event_id, subject, payload, ordering_key, available_at) VALUES ('free', 's', '{}', 'z', now() - interval '1 hour')
            """);
        Assert.InRange(await _store!.Repository.OldestDueAgeAsync(Ct), TimeSpan.FromHours(1), TimeSpan.FromHours(1.1));
        AssertReadsLittle(await ExplainAsync(new OutboxUpkeepSql(Names).OldestDueAge, "", "", "force_custom_plan"));
    }

    private OutboxClaimSql Claims => new(Names, OutboxTake.Lease);

    private static void AssertReadsLittle(IReadOnlyList<string> plan)
    {
        var text = string.Join('\n', plan);
        Assert.DoesNotContain("Seq Scan on outbox", text, StringComparison.Ordinal);
        Assert.DoesNotContain("external", text, StringComparison.Ordinal);
        Assert.DoesNotContain(plan, line => line.Contains("Rows Removed by", StringComparison.Ordinal) && int.Parse(line.Split(':')[1]) > 5_000);
        Assert.DoesNotContain(
            plan, line => line.StartsWith("scans of the whole table: ", StringComparison.Ordinal) && !line.EndsWith(": 0", StringComparison.Ordinal));
    }

    /// <summary>The plan as it was carried out, and how often the whole table was read, in functions too. It is rolled back.</summary>
    private async Task<IReadOnlyList<string>> ExplainAsync(string sql, string types, string values, string planning)
    {
        await using var connection = await Schema.DataSource.OpenConnectionAsync(Ct);
        await using var transaction = await connection.BeginTransactionAsync(Ct);
        await using var prepare = new NpgsqlCommand(
            $"SET LOCAL plan_cache_mode = {planning}; PREPARE planned {types} AS {sql}", connection, transaction);
        await prepare.ExecuteNonQueryAsync(Ct);
        var before = await ScansAsync();
        var inside = await WatchInsideAsync(connection);
        await using var explain = new NpgsqlCommand($"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) EXECUTE planned {values}", connection, transaction);
        var plan = new List<string>();
        await using (var reader = await explain.ExecuteReaderAsync(Ct))
        {
            while (await reader.ReadAsync(Ct))
            {
                plan.Add(reader.GetString(0));
            }
        }

        plan.AddRange(inside);
        plan.Add($"scans of the whole table: {await ScansAsync() - before}");
        await using var forget = new NpgsqlCommand("DEALLOCATE planned", connection, transaction);
        await forget.ExecuteNonQueryAsync(Ct);
        await transaction.RollbackAsync(Ct);
        return plan;

        async Task<long> ScansAsync()
        {
            await using var count = new NpgsqlCommand(
                Schema.Fill("SELECT seq_scan FROM pg_stat_xact_all_tables WHERE relid = '{{outbox}}'::regclass"), connection, transaction);
            return await count.ExecuteScalarAsync(Ct) is long scans ? scans : 0;
        }
    }

    /// <summary>The plans of what a statement's functions carry out, as they were carried out. It is rolled back.</summary>
    private static async Task<List<string>> PlansInsideAsync(NpgsqlConnection connection, string sql)
    {
        await using var transaction = await connection.BeginTransactionAsync(Ct);
        var inside = await WatchInsideAsync(connection);
        await using var command = new NpgsqlCommand(sql, connection, transaction);
        await command.ExecuteNonQueryAsync(Ct);
        await transaction.RollbackAsync(Ct);
        return inside;
    }

    /// <summary>The most rows that a step of the plans has let through or left out, in all of its rounds.</summary>
    private static long MostRows(IEnumerable<string> plans) => plans
        .Select(line => Regex.Match(line, @"(actual .*rows=(?<rows>\d+) loops=(?<loops>\d+)|Rows Removed by .*: (?<rows>\d+))"))
        .Where(match => match.Success)
        .Max(match => long.Parse(match.Groups["rows"].Value) * (match.Groups["loops"].Success ? long.Parse(match.Groups["loops"].Value) : 1));

    /// <summary>Collects the plans of what functions carry out, for the rest of the transaction.</summary>
    private static async Task<List<string>> WatchInsideAsync(NpgsqlConnection connection)
    {
        var lines = new List<string>();
        connection.Notice += (_, notice) => lines.AddRange(notice.Notice.MessageText.Split('\n'));
        await using var watch = new NpgsqlCommand(
            """
            LOAD 'auto_explain';
            SET LOCAL auto_explain.log_min_duration = 0; SET LOCAL auto_explain.log_nested_statements = on;
            SET LOCAL auto_explain.log_analyze = on; SET LOCAL client_min_messages = log
            """,
            connection);
        await watch.ExecuteNonQueryAsync(Ct);
        return lines;
    }

    private async Task FillAsync(string keyed, string status, int count)
    {
        await Schema.InsertManyAsync(
            "event_id, subject, payload, ordering_key, status, enqueued_at, available_at, sent_at",
            $"""
            SELECT '{status}-' || n, 's', repeat('x', 1000), CASE WHEN {keyed} THEN 'k' || n % 100 END, '{status}',
                clock.now, clock.now, CASE WHEN '{status}' = 'sent' THEN clock.now END
            FROM generate_series(1, {count}) n, clock
            """);
        await Schema.ExecuteAsync("ANALYZE {{outbox}}");
    }
}
