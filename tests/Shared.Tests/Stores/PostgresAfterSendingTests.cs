using Npgsql;
using Relaybox.Outbox;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>What becomes of rows that were sent, where they are not kept in the table.</summary>
public sealed class PostgresAfterSendingTests(PostgresServer server)
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Retention = TimeSpan.FromDays(7);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_sent_row_is_deleted_where_that_is_asked_for_and_only_under_its_token()
    {
        await using var store = await CreateAsync(AfterSending.Delete);
        var claims = await WriteAndClaimAsync(store, "a", "b");

        var late = await store.Repository.MarkSentAsync([new("a", claims["a"] with { Value = "made-up" })], Ct);
        var sent = await store.Repository.MarkSentAsync([new("b", claims["b"])], Ct);

        Assert.Equal((0, "a"), (late.Applied, Assert.Single(late.Late)));
        Assert.Equal((1, 0), (sent.Applied, sent.Late.Count));
        Assert.NotNull(await store.Repository.FindAsync("a", Ct));
        Assert.Null(await store.Repository.FindAsync("b", Ct));
        Assert.True((await store.Repository.FindOrCreateAsync(Sample.Event("b"), Ct)).Created);
    }

    [Fact]
    public async Task A_sent_row_moves_to_the_archive_and_is_found_and_counted_and_recognised_there()
    {
        await using var store = await CreateAsync(AfterSending.Archive);
        var written =
            Sample.Event("a", "  {\"x\" : 1}") with { Headers = new Dictionary<string, string> { ["h"] = "v" }, Result = "7", OrderingKey = "k" };
        await store.Repository.FindOrCreateAsync(written, Ct);
        var claim = Assert.Single(await store.Repository.ClaimAsync(10, Lease, Ct));

        Assert.Equal(1, (await store.Repository.MarkSentAsync([new("a", claim.Token)], Ct)).Applied);
        Assert.Equal(1, (await store.Repository.MarkSentAsync([new("a", claim.Token)], Ct)).Applied);
        Assert.Equal(["a"], (await store.Repository.MarkSentAsync([new("a", claim.Token with { Value = "other" })], Ct)).Late);

        Assert.Equal(0L, await store.Schema.ScalarAsync("SELECT count(*) FROM {{outbox}}"));
        var row = await store.Repository.FindAsync("a", Ct);
        Assert.Equal((OutboxStatus.Sent, claim.Token), (row!.Status, row.Token));
        Assert.Equal((written.Payload, "7", "k", "v"), (row.Event.Payload, row.Event.Result, row.Event.OrderingKey, row.Event.Headers["h"]));
        Assert.NotNull(row.SentAt);
        Assert.Equal(1, (await store.Repository.GetCountByStatusAsync(Ct))["sent"]);
        Assert.Equal(1, (await store.Repository.ReconcileAsync(TimeSpan.Zero, null, 10, Ct)).Counts["sent"]);
        Assert.False((await store.Repository.FindOrCreateAsync(written, Ct)).Created);
        await Assert.ThrowsAsync<EventIdConflictException>(() => store.Repository.FindOrCreateAsync(Sample.Event("a", "other"), Ct));
    }

    [Fact]
    public async Task The_archives_partitions_are_made_ahead_and_dropped_after_the_retention()
    {
        await using var store = await CreateAsync(AfterSending.Archive);
        Assert.Equal(0, await CleanupAsync(store));
        Assert.Equal(8, await PartitionsAsync(store));

        await SendAsync(store, "first");
        Assert.Equal(0L, await store.Schema.ScalarAsync("SELECT count(*) FROM {{outbox.sent_other}}"));
        await store.PassAsync(Retention);
        Assert.Equal(0, await CleanupAsync(store));
        await SendAsync(store, "second");
        Assert.NotNull(await store.Repository.FindAsync("first", Ct));

        await store.PassAsync(TimeSpan.FromDays(1) + TimeSpan.FromMinutes(1));
        Assert.Equal(1, await CleanupAsync(store));

        Assert.Null(await store.Repository.FindAsync("first", Ct));
        Assert.NotNull(await store.Repository.FindAsync("second", Ct));
    }

    [Fact]
    public async Task What_is_sent_on_a_day_without_a_partition_is_kept_and_deleted_like_the_rest()
    {
        await using var store = await CreateAsync(AfterSending.Archive);
        await SendAsync(store, "a");
        Assert.Equal(1L, await store.Schema.ScalarAsync("SELECT count(*) FROM {{outbox.sent_other}}"));
        Assert.Equal(0, await CleanupAsync(store));

        await store.PassAsync(Retention + TimeSpan.FromMinutes(1));
        Assert.Equal(1, await CleanupAsync(store));
        Assert.Null(await store.Repository.FindAsync("a", Ct));
    }

    [Fact]
    public async Task A_partition_is_dropped_without_being_read()
    {
        await using var store = await CreateAsync(AfterSending.Archive);
        await CleanupAsync(store);
        await SendAsync(store, "a");
        await store.Schema.ExecuteAsync(
            """
            UPDATE pg_class SET reltuples = 3000000 WHERE oid = (SELECT tableoid FROM {{outbox.sent}} LIMIT 1)
            """);

        await store.PassAsync(Retention + TimeSpan.FromDays(1) + TimeSpan.FromMinutes(1));

        Assert.Equal(3_000_000, await CleanupAsync(store));
        Assert.Null(await store.Repository.FindAsync("a", Ct));
    }

    [Fact]
    public async Task A_partition_that_somebody_reads_holds_up_no_other_cleanup()
    {
        await using var store = await CreateAsync(AfterSending.Archive);
        await CleanupAsync(store);
        await SendAsync(store, "archived");
        await store.PassAsync(Retention + TimeSpan.FromDays(1) + TimeSpan.FromMinutes(1));
        await store.WriteAsync(new RawRow("kept") { Status = "sent", SentAt = store.Now - Retention - TimeSpan.FromHours(1) });
        await using (var reader = await store.Schema.DataSource.OpenConnectionAsync(Ct))
        await using (var transaction = await reader.BeginTransactionAsync(Ct))
        {
            await using var read = new NpgsqlCommand(store.Schema.Fill("SELECT count(*) FROM {{outbox.sent}}"), reader, transaction);
            await read.ExecuteScalarAsync(Ct);

            Assert.Equal(1, await CleanupAsync(store));
            Assert.Null(await store.Repository.FindAsync("kept", Ct));
            Assert.NotNull(await store.Repository.FindAsync("archived", Ct));
        }

        Assert.Equal(1, await CleanupAsync(store));
        Assert.Null(await store.Repository.FindAsync("archived", Ct));
    }

    [Fact]
    public async Task What_has_no_partition_goes_in_chunks()
    {
        await using var store = await CreateAsync(AfterSending.Archive);
        await store.Schema.ExecuteAsync(
            """
            INSERT INTO {{outbox.sent}} (event_id, subject, payload, status, row_id, attempts, sent_at)
            SELECT 'e-' || n, 'orders.placed', '{}', 'sent', n, 1, now() - $1::interval FROM generate_series(1, 12000) n
            """,
            Retention + TimeSpan.FromDays(9));

        var first = await store.Repository.CleanupAsync(Retention, null, null, 100, Ct);

        Assert.Equal(5_000, first.Affected);
        Assert.NotNull(first.Cursor);
        Assert.Equal(12_000, first.Affected + await CleanupAsync(store));
        Assert.Equal(0L, await store.Schema.ScalarAsync("SELECT count(*) FROM {{outbox.sent}}"));
    }

    private async Task<PostgresOutboxHarness> CreateAsync(AfterSending afterSending) =>
        await PostgresOutboxHarness.CreateAsync(server, new PostgresOptions { AfterSending = afterSending });

    private static async Task<Dictionary<string, ClaimToken>> WriteAndClaimAsync(PostgresOutboxHarness store, params string[] eventIds)
    {
        foreach (var eventId in eventIds)
        {
            await store.Repository.FindOrCreateAsync(Sample.Event(eventId), Ct);
        }

        return (await store.Repository.ClaimAsync(100, Lease, Ct)).ToDictionary(claim => claim.EventId, claim => claim.Token);
    }

    private static async Task SendAsync(PostgresOutboxHarness store, string eventId)
    {
        var claims = await WriteAndClaimAsync(store, eventId);
        Assert.Equal(1, (await store.Repository.MarkSentAsync([new(eventId, claims[eventId])], Ct)).Applied);
    }

    private static async Task<int> CleanupAsync(PostgresOutboxHarness store)
    {
        var affected = 0;
        string? cursor = null;
        do
        {
            var page = await store.Repository.CleanupAsync(Retention, null, cursor, 100, Ct);
            affected += page.Affected;
            cursor = page.Cursor;
        }
        while (cursor is not null);

        return affected;
    }

    private static async Task<int> PartitionsAsync(PostgresOutboxHarness store) => Convert.ToInt32(await store.Schema.ScalarAsync(
        "SELECT count(*) - 1 FROM pg_inherits WHERE inhparent = '{{outbox.sent}}'::regclass"));
}
