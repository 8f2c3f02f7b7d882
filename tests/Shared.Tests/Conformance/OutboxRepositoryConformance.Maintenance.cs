using Relaybox.Outbox;
using Relaybox.Paging;
using Relaybox.Shared.Tests.Support;

namespace Relaybox.Shared.Tests.Conformance;

// Cleanup, reset, reconcile and counts: bounded pages, and only what is old enough.
public abstract partial class OutboxRepositoryConformance
{
    private static readonly TimeSpan Retention = TimeSpan.FromDays(7);

    [Fact]
    public async Task Cleanup_looks_at_when_a_row_was_sent_and_not_at_how_old_it_is()
    {
        var old = Store.Now - TimeSpan.FromDays(10);
        await Store.WriteAsync(new RawRow("sent-long-ago") { Status = "sent", EnqueuedAt = old, SentAt = old });
        await Store.WriteAsync(new RawRow("old-but-sent-today") { Status = "sent", EnqueuedAt = old, SentAt = Store.Now });

        Assert.Equal(1, await CleanupAllAsync(Retention, null));

        Assert.Null(await Store.ReadAsync("sent-long-ago"));
        Assert.NotNull(await Store.ReadAsync("old-but-sent-today"));
    }

    [Fact]
    public async Task Cleanup_deletes_nothing_that_is_not_finished_however_old()
    {
        var old = Store.Now - TimeSpan.FromDays(400);
        await Store.WriteAsync(new RawRow("pending") { EnqueuedAt = old, DueAt = old });
        await Store.WriteAsync(new RawRow("claimed") { Status = "publishing", EnqueuedAt = old, ClaimedAt = old, DueAt = old, Token = "t" });
        await Store.WriteAsync(new RawRow("parked") { Status = "failed", EnqueuedAt = old, FailedAt = old });
        await Store.WriteAsync(new RawRow("unknown") { Status = "paused", EnqueuedAt = old, SentAt = old, FailedAt = old });

        Assert.Equal(0, await CleanupAllAsync(TimeSpan.Zero, null));
        Assert.Equal(4, (await Repository.GetCountByStatusAsync(Ct)).Values.Sum());
    }

    [Fact]
    public async Task Parked_rows_are_deleted_only_where_that_is_asked_for_and_by_when_they_were_parked()
    {
        var old = Store.Now - TimeSpan.FromDays(40);
        await Store.WriteAsync(new RawRow("parked-long-ago") { Status = "failed", EnqueuedAt = old, FailedAt = old });
        await Store.WriteAsync(new RawRow("old-but-parked-today") { Status = "failed", EnqueuedAt = old, FailedAt = Store.Now });

        Assert.Equal(0, await CleanupAllAsync(Retention, null));
        Assert.Equal(1, await CleanupAllAsync(Retention, TimeSpan.FromDays(30)));

        Assert.Null(await Store.ReadAsync("parked-long-ago"));
        Assert.NotNull(await Store.ReadAsync("old-but-parked-today"));
    }

    [Fact]
    public async Task A_row_is_kept_for_the_whole_retention_after_it_was_sent()
    {
        await CreateAsync("e-1");
        await SendAsync("e-1");
        await Store.PassAsync(Retention - TimeSpan.FromMinutes(1));
        Assert.Equal(0, await CleanupAllAsync(Retention, null));
        await Store.PassAsync(TimeSpan.FromMinutes(2));
        Assert.Equal(Store.KeepsSentRows ? 1 : 0, await CleanupAllAsync(Retention, null));
        Assert.Null(await Store.ReadAsync("e-1"));
    }

    [Fact]
    public async Task Cleanup_goes_in_bounded_steps_to_the_end()
    {
        var old = Store.Now - TimeSpan.FromDays(10);
        await AtOnceAsync(25, async i =>
        {
            await Store.WriteAsync(new RawRow($"e-{i}") { Status = "sent", SentAt = old });
            return i;
        });

        var pages = await PagesAsync(cursor => Repository.CleanupAsync(Retention, null, cursor, 10, Ct));

        Assert.All(pages, page => Assert.InRange(page.Affected, 0, 10));
        Assert.Equal(25, pages.Sum(page => page.Affected));
        Assert.Empty(await Repository.GetCountByStatusAsync(Ct));
    }

    [Fact]
    public async Task Counts_and_cleanup_and_pending_rows_go_past_a_megabyte()
    {
        var payload = new string('x', 300_000);
        var old = Store.Now - TimeSpan.FromDays(10);
        foreach (var i in Enumerable.Range(0, 6))
        {
            await Store.WriteAsync(new RawRow($"sent-{i}") { Status = "sent", SentAt = old, Payload = payload });
            await Store.WriteAsync(new RawRow($"pending-{i}") { Payload = payload, EnqueuedAt = old, DueAt = old });
        }

        var counts = await Repository.GetCountByStatusAsync(Ct);
        Assert.Equal((6, 6), (counts["sent"], counts["pending"]));
        Assert.Equal(6, (await Repository.FindPendingAsync(100, Ct)).Count);
        Assert.Equal(6, await CleanupAllAsync(Retention, null, pageSize: 1000));
        Assert.Equal(6, (await Repository.ClaimAsync(100, Lease, Ct)).Count);
        Assert.Equal(6, Assert.Single(await Repository.GetCountByStatusAsync(Ct)).Value);
    }

    [Fact]
    public async Task Reset_looks_at_the_claims_age_and_not_at_the_rows()
    {
        var old = Store.Now - TimeSpan.FromDays(3);
        await Store.WriteAsync(new RawRow("old-row") { EnqueuedAt = old, DueAt = old });
        var living = await ClaimOneAsync("old-row");
        await Store.WriteAsync(new RawRow("new-row")
        {
            Status = "publishing",
            EnqueuedAt = Store.Now,
            ClaimedAt = Store.Now - TimeSpan.FromMinutes(30),
            DueAt = Store.Now - TimeSpan.FromMinutes(28),
            Token = "dead",
        });

        Assert.Equal(1, await ResetAllAsync(TimeSpan.FromMinutes(1)));

        Assert.Equal(OutboxStatus.Publishing, await StatusAsync("old-row"));
        Assert.Equal(OutboxStatus.Pending, await StatusAsync("new-row"));
        Assert.Equal(1, (await MarkAsync(Mark.Sent, living)).Applied);
    }

    [Fact]
    public async Task A_claim_is_reset_only_so_long_after_the_end_of_its_lease()
    {
        await CreateAsync("e-1");
        await ClaimOneAsync("e-1");
        await Store.PassAsync(Lease + TimeSpan.FromMinutes(4));
        Assert.Equal(0, await ResetAllAsync(TimeSpan.FromMinutes(5)));
        await Store.PassAsync(TimeSpan.FromMinutes(2));
        Assert.Equal(1, await ResetAllAsync(TimeSpan.FromMinutes(5)));

        var claim = Assert.Single(await Repository.ClaimAsync(10, Lease, Ct));
        Assert.Equal(1, (await MarkAsync(Mark.Sent, claim)).Applied);
    }

    [Fact]
    public async Task A_reset_row_keeps_its_attempts()
    {
        await CreateAsync("e-1");
        var claim = await ClaimOneAsync("e-1");
        await Repository.RetryAsync([new("e-1", claim.Token, 3, TimeSpan.Zero, null, null)], Ct);
        await ClaimOneAsync("e-1");
        await Store.PassAsync(Lease + TimeSpan.FromMinutes(1));
        Assert.Equal(1, await ResetAllAsync(TimeSpan.Zero));
        Assert.Equal(3, (await ClaimOneAsync("e-1")).Attempts);
    }

    [Fact]
    public async Task Resets_go_past_one_page()
    {
        await AtOnceAsync(40, i => Repository.FindOrCreateAsync(Sample.Event($"e-{i}"), Ct));
        Assert.Equal(40, (await Repository.ClaimAsync(100, Lease, Ct)).Count);
        await Store.PassAsync(Lease + TimeSpan.FromMinutes(2));

        Assert.Equal(40, await ResetAllAsync(TimeSpan.FromMinutes(1), pageSize: 3));
        Assert.Equal(40, Assert.Single(await Repository.GetCountByStatusAsync(Ct)).Value);
        Assert.Equal(40, (await ClaimRestAsync(100, unfinished: 1)).Count);
    }

    [Fact]
    public async Task A_step_of_the_reset_ends_no_more_claims_than_its_page()
    {
        await AtOnceAsync(40, i => Repository.FindOrCreateAsync(Sample.Event($"e-{i}"), Ct));
        Assert.Equal(40, (await Repository.ClaimAsync(100, Lease, Ct)).Count);
        await Store.PassAsync(Lease + TimeSpan.FromMinutes(2));

        var reset = 0;
        string? cursor = null;
        do
        {
            var page = await Repository.ResetStaleAsync(TimeSpan.FromMinutes(1), cursor, 3, Ct);
            Assert.InRange(page.Affected, 0, 3);
            reset += page.Affected;
            cursor = page.Cursor;
        }
        while (cursor is not null);

        Assert.Equal(40, reset);
    }

    [Fact]
    public async Task Many_resets_at_once_end_a_claim_once()
    {
        await AtOnceAsync(10, i => Repository.FindOrCreateAsync(Sample.Event($"e-{i}"), Ct));
        Assert.Equal(10, (await Repository.ClaimAsync(100, Lease, Ct)).Count);
        await Store.PassAsync(Lease + TimeSpan.FromMinutes(2));
        Assert.Equal(10, (await AtOnceAsync(4, _ => ResetAllAsync(TimeSpan.FromMinutes(1)))).Sum());
    }

    [Fact]
    public async Task A_row_that_only_the_table_knows_is_relayed_after_a_reconcile()
    {
        await Store.WriteAsync(new RawRow("lost") { EnqueuedAt = Store.Now - TimeSpan.FromHours(1) });
        await Store.WriteAsync(new RawRow("lost-without-a-time"));

        await ReconcileAllAsync(TimeSpan.FromMinutes(5));
        await Store.PassAsync(TimeSpan.FromMinutes(6));

        var claims = await Repository.ClaimAsync(10, Lease, Ct);
        Assert.Equal(["lost", "lost-without-a-time"], claims.Select(claim => claim.EventId).Order());
    }

    [Fact]
    public async Task A_reconcile_makes_no_row_due_before_its_time()
    {
        var old = Store.Now - TimeSpan.FromHours(1);
        await Store.WriteAsync(new RawRow("e-1") { EnqueuedAt = old, AvailableAt = Store.Now + TimeSpan.FromHours(1) });
        await ReconcileAllAsync(TimeSpan.FromMinutes(5));
        Assert.Empty(await Repository.ClaimAsync(10, Lease, Ct));
        await Store.PassAsync(TimeSpan.FromMinutes(61));
        Assert.Single(await Repository.ClaimAsync(10, Lease, Ct));
    }

    [Fact]
    public async Task A_claim_that_only_the_table_knows_ends_after_a_reconcile()
    {
        var old = Store.Now - TimeSpan.FromHours(1);
        await Store.WriteAsync(new RawRow("e-1") { Status = "publishing", EnqueuedAt = old, ClaimedAt = old, Token = "dead" });
        await ReconcileAllAsync(TimeSpan.FromMinutes(5));
        await Store.PassAsync(TimeSpan.FromMinutes(6));
        Assert.Single(await Repository.ClaimAsync(10, Lease, Ct));
    }

    [Fact]
    public async Task Reconcile_counts_every_row_once_over_all_its_pages()
    {
        await AtOnceAsync(12, i => Repository.FindOrCreateAsync(Sample.Event($"e-{i}"), Ct));
        await SendAsync("e-3");
        await Store.WriteAsync(new RawRow("unknown") { Status = "paused" });
        var counts = await ReconcileAllAsync(TimeSpan.FromMinutes(5), pageSize: 4);
        Assert.Equal((11, Store.KeepsSentRows ? 1 : 0, 1), (counts["pending"], counts.GetValueOrDefault("sent"), counts["paused"]));
    }

    [Fact]
    public async Task A_row_of_unknown_status_is_counted_and_never_touched()
    {
        var old = Store.Now - TimeSpan.FromDays(100);
        await Store.WriteAsync(new RawRow("indexed") { Status = "paused", EnqueuedAt = old, DueAt = old, SentAt = old, FailedAt = old, Token = "t" });
        await Store.WriteAsync(new RawRow("bare") { Status = "Pending" });
        var indexed = await Store.ReadAsync("indexed");
        var bare = await Store.ReadAsync("bare");

        Assert.Empty(await Repository.ClaimAsync(10, Lease, Ct));
        Assert.Empty(await Repository.FindPendingAsync(10, Ct));
        foreach (var mark in Enum.GetValues<Mark>())
        {
            await AssertLateAsync(mark, new OutboxClaim("indexed", new ClaimToken("t"), 0));
            await AssertLateAsync(mark, new OutboxClaim("bare", ClaimToken.None, 0));
        }

        Assert.Equal(0, await CleanupAllAsync(TimeSpan.Zero, TimeSpan.Zero));
        Assert.Equal(0, await ResetAllAsync(TimeSpan.Zero));
        await ReconcileAllAsync(TimeSpan.Zero);

        Assert.Equal(indexed, await Store.ReadAsync("indexed"));
        Assert.Equal(bare, await Store.ReadAsync("bare"));
        var counts = await Repository.GetCountByStatusAsync(Ct);
        Assert.Equal((1, 1, 2), (counts["paused"], counts["Pending"], counts.Count));
    }

    [Fact]
    public async Task Rows_are_counted_by_status()
    {
        Assert.Empty(await Repository.GetCountByStatusAsync(Ct));
        await CreateAsync("p-1", "p-2", "claimed", "sent", "parked");
        await ClaimOneAsync("claimed");
        await SendAsync("sent");
        await ParkAsync("parked");
        var counts = await Repository.GetCountByStatusAsync(Ct);
        Assert.Equal(
            (2, 1, Store.KeepsSentRows ? 1 : 0, 1), (counts["pending"], counts["publishing"], counts.GetValueOrDefault("sent"), counts["failed"]));
    }

    private async Task<int> CleanupAllAsync(TimeSpan sent, TimeSpan? failed, int pageSize = 100) =>
        (await PagesAsync(cursor => Repository.CleanupAsync(sent, failed, cursor, pageSize, Ct))).Sum(page => page.Affected);

    private async Task<int> ResetAllAsync(TimeSpan age, int pageSize = 100) =>
        (await PagesAsync(cursor => Repository.ResetStaleAsync(age, cursor, pageSize, Ct))).Sum(page => page.Affected);

    private async Task<Dictionary<string, long>> ReconcileAllAsync(TimeSpan age, int pageSize = 100)
    {
        var counts = new Dictionary<string, long>();
        await PagesAsync(async cursor =>
        {
            var page = await Repository.ReconcileAsync(age, cursor, pageSize, Ct);
            foreach (var (status, count) in page.Counts)
            {
                counts[status] = counts.GetValueOrDefault(status) + count;
            }

            return new MaintenancePage(page.Recovered, page.Cursor);
        });
        return counts;
    }

    private static async Task<List<MaintenancePage>> PagesAsync(Func<string?, Task<MaintenancePage>> step)
    {
        var pages = new List<MaintenancePage>();
        string? cursor = null;
        do
        {
            pages.Add(await step(cursor));
            cursor = pages[^1].Cursor;
            Assert.InRange(pages.Count, 1, 1000);
        }
        while (cursor is not null);

        return pages;
    }
}
