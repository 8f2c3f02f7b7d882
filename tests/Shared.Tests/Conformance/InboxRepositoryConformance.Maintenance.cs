using Relaybox.Inbox;
using Relaybox.Paging;
using Relaybox.Shared.Tests.Support;

namespace Relaybox.Shared.Tests.Conformance;

// Cleanup, reset and counts: bounded pages, and only what is old enough.
public abstract partial class InboxRepositoryConformance
{
    private static readonly TimeSpan Retention = TimeSpan.FromDays(21);
    private static readonly TimeSpan FailedRetention = TimeSpan.FromDays(40);

    [Fact]
    public async Task Cleanup_looks_at_when_a_message_was_processed_and_not_at_when_it_came()
    {
        var old = Store.Now - TimeSpan.FromDays(30);
        await Store.WriteAsync(new RawRecord(Consumer, "long-ago") { Status = "processed", ReceivedAt = old, ProcessedAt = old });
        await Store.WriteAsync(new RawRecord(Consumer, "today") { Status = "processed", ReceivedAt = old, ProcessedAt = Store.Now });

        Assert.Equal(1, await CleanupAllAsync(Retention));

        Assert.Null(await Store.ReadAsync(Consumer, "long-ago"));
        Assert.NotNull(await Store.ReadAsync(Consumer, "today"));
    }

    [Fact]
    public async Task Cleanup_deletes_nothing_that_is_not_finished_however_old()
    {
        var old = Store.Now - TimeSpan.FromDays(400);
        await Store.WriteAsync(new RawRecord(Consumer, "dead") { ReceivedAt = old, LeaseUntil = old, Deliveries = 1 });
        await Store.WriteAsync(new RawRecord(Consumer, "again")
        {
            ReceivedAt = old, FailedAt = old, ProcessedAt = old, LeaseUntil = Store.Now + Lease, Deliveries = 2, Token = "t",
        });
        await Store.WriteAsync(new RawRecord(Consumer, "unknown") { Status = "paused", ReceivedAt = old, ProcessedAt = old, FailedAt = old });
        await Store.WriteAsync(new RawRecord(Consumer, "no-time") { Status = "failed", ReceivedAt = old, Deliveries = 5 });
        Assert.Equal(0, await CleanupAllAsync(TimeSpan.Zero, TimeSpan.Zero));
        Assert.Equal(4, (await Repository.GetCountByStatusAsync(Ct)).Values.Sum());
    }

    [Fact]
    public async Task Cleanup_forgets_a_failed_message_after_a_retention_of_its_own()
    {
        Assert.True(await Repository.MarkFailedAsync(await ClaimAsync("failed"), "handler.failed", "no", Ct));
        await ClaimAsync("reset");
        await Store.PassAsync(Lease + TimeSpan.FromMinutes(2));
        Assert.Equal(1, await ResetAllAsync(TimeSpan.FromMinutes(1)));
        await Store.PassAsync(Retention + TimeSpan.FromDays(1));
        await ProcessAsync("processed");

        // Longer ago than processed records are kept, and not long enough ago for failed ones.
        Assert.Equal(0, await CleanupAllAsync(Retention, FailedRetention));
        await Store.PassAsync(FailedRetention - Retention);
        Assert.Equal(2, await CleanupAllAsync(TimeSpan.FromDays(90), FailedRetention));
        Assert.Equal(1, (await ClaimAsync("failed")).Deliveries);
        Assert.True(await Repository.IsProcessedAsync(Consumer, "processed", Ct));
    }

    [Fact]
    public async Task A_failed_message_that_is_claimed_again_is_never_forgotten()
    {
        Assert.True(await Repository.MarkFailedAsync(await ClaimAsync("again"), "handler.failed", "no", Ct));
        Assert.True(await Repository.MarkFailedAsync(await ClaimAsync("twice"), "handler.failed", "no", Ct));
        Assert.True(await Repository.MarkFailedAsync(await ClaimAsync("done"), "handler.failed", "no", Ct));
        Assert.True(await Repository.MarkFailedAsync(await ClaimAsync("left"), "handler.failed", "no", Ct));
        await Store.PassAsync(FailedRetention + TimeSpan.FromDays(1));
        var again = await ClaimAsync("again");
        Assert.True(await Repository.MarkFailedAsync(await ClaimAsync("twice"), "handler.failed", "no", Ct));
        await ProcessAsync("done");

        Assert.Equal(1, await CleanupAllAsync(Retention, FailedRetention));

        Assert.Null(await Repository.FindAsync(Consumer, "left", Ct));
        Assert.Equal(1, (await ClaimAsync("left")).Deliveries);
        Assert.Equal(3, (await ClaimAsync("twice")).Deliveries);
        Assert.True(await Repository.MarkProcessedAsync(again, Ct));
        Assert.IsType<InboxClaim.AlreadyProcessed>(await TryClaimAsync("done"));
    }

    [Fact]
    public async Task A_processed_message_is_remembered_for_the_whole_retention()
    {
        await ProcessAsync("e-1");
        await Store.PassAsync(Retention - TimeSpan.FromMinutes(1));
        Assert.Equal(0, await CleanupAllAsync(Retention));
        Assert.IsType<InboxClaim.AlreadyProcessed>(await TryClaimAsync("e-1"));
        await Store.PassAsync(TimeSpan.FromMinutes(2));
        Assert.Equal(1, await CleanupAllAsync(Retention));
    }

    [Fact]
    public async Task Cleanup_goes_in_bounded_steps_through_every_consumer()
    {
        var old = Store.Now - TimeSpan.FromDays(50);
        await AtOnceAsync(36, async i =>
        {
            var record = new RawRecord($"consumer:{i % 3}", $"e-{i / 3}");
            await Store.WriteAsync(i % 2 == 0
                ? record with { Status = "processed", ProcessedAt = old }
                : record with { Status = "failed", FailedAt = old });
            return i;
        });

        var pages = await PagesAsync(cursor => Repository.CleanupAsync(Retention, FailedRetention, cursor, 5, Ct));

        Assert.All(pages, page => Assert.InRange(page.Affected, 0, 5));
        Assert.Equal(36, pages.Sum(page => page.Affected));
        Assert.Empty(await Repository.GetCountByStatusAsync(Ct));
    }

    [Fact]
    public async Task Counts_and_cleanup_and_resets_go_past_a_megabyte()
    {
        var text = new string('x', 300_000);
        var old = Store.Now - TimeSpan.FromDays(30);
        foreach (var i in Enumerable.Range(0, 5))
        {
            await Store.WriteAsync(new RawRecord(Consumer, $"done-{i}") { Status = "processed", ProcessedAt = old, ErrorMessage = text });
            await Store.WriteAsync(new RawRecord(Consumer, $"dead-{i}") { LeaseUntil = old, Deliveries = 1, Token = "t", ErrorMessage = text });
        }

        var counts = await Repository.GetCountByStatusAsync(Ct);
        Assert.Equal((5, 5), (counts["processed"], counts["processing"]));
        Assert.Equal(5, await ResetAllAsync(TimeSpan.FromMinutes(1), pageSize: 1000));
        Assert.Equal(5, await CleanupAllAsync(Retention, pageSize: 1000));
        Assert.Equal(5, (await Repository.GetCountByStatusAsync(Ct))["failed"]);
    }

    [Fact]
    public async Task Reset_looks_at_the_lease_and_not_at_when_the_message_came()
    {
        var old = Store.Now - TimeSpan.FromDays(3);
        await Store.WriteAsync(new RawRecord(Consumer, "old-but-living")
        {
            ReceivedAt = old, LeaseUntil = Store.Now + TimeSpan.FromMinutes(1), Deliveries = 2, Token = "living",
        });
        await Store.WriteAsync(new RawRecord(Consumer, "new-but-dead")
        {
            ReceivedAt = Store.Now, LeaseUntil = Store.Now - TimeSpan.FromMinutes(10), Deliveries = 1, Token = "dead",
        });

        Assert.Equal(1, await ResetAllAsync(TimeSpan.FromMinutes(1)));

        Assert.Equal(InboxStatus.Processing, (await Repository.FindAsync(Consumer, "old-but-living", Ct))!.Status);
        var reset = await Repository.FindAsync(Consumer, "new-but-dead", Ct);
        Assert.Equal((InboxStatus.Failed, 1), (reset!.Status, reset.Deliveries));
        Assert.True(await Repository.MarkProcessedAsync(new InboxClaim.Claimed(new InboxKey(Consumer, "old-but-living"), "living", 2), Ct));
    }

    [Fact]
    public async Task A_claim_is_reset_only_so_long_after_the_end_of_its_lease()
    {
        await ClaimAsync("e-1");
        await Store.PassAsync(Lease + TimeSpan.FromMinutes(4));
        Assert.Equal(0, await ResetAllAsync(TimeSpan.FromMinutes(5)));
        await Store.PassAsync(TimeSpan.FromMinutes(2));
        Assert.Equal(1, await ResetAllAsync(TimeSpan.FromMinutes(5)));
        Assert.Equal(2, (await ClaimAsync("e-1")).Deliveries);
    }

    [Fact]
    public async Task Resets_go_past_one_page()
    {
        var messages = Enumerable.Range(0, 30).Select(i => Sample.Message($"e-{i}")).ToList();
        await Repository.ClaimAsync(Consumer, messages, Lease, MaxAttempts, Ct);
        await Store.PassAsync(Lease + TimeSpan.FromMinutes(2));
        Assert.Equal(30, await ResetAllAsync(TimeSpan.FromMinutes(1), pageSize: 4));
        Assert.Equal(30, (await Repository.GetCountByStatusAsync(Ct))["failed"]);
    }

    [Fact]
    public async Task A_record_of_unknown_status_is_counted_and_never_touched()
    {
        var old = Store.Now - TimeSpan.FromDays(100);
        await Store.WriteAsync(new RawRecord(Consumer, "e-1")
        {
            Status = "paused", Deliveries = 1, Token = "t", LeaseUntil = old, ProcessedAt = old, FailedAt = old,
        });
        var before = await Store.ReadAsync(Consumer, "e-1");

        Assert.IsNotType<InboxClaim.Claimed>(await TryClaimAsync("e-1"));
        foreach (var ending in Enum.GetValues<Ending>())
        {
            await AssertLateAsync(new InboxClaim.Claimed(new InboxKey(Consumer, "e-1"), "t", 1), ending);
        }

        Assert.Equal(0, await CleanupAllAsync(TimeSpan.Zero, TimeSpan.Zero));
        Assert.Equal(0, await ResetAllAsync(TimeSpan.Zero));
        Assert.Equal(before, await Store.ReadAsync(Consumer, "e-1"));
        Assert.Equal(1, (await Repository.GetCountByStatusAsync(Ct))["paused"]);
    }

    [Fact]
    public async Task Records_are_counted_by_status()
    {
        Assert.Empty(await Repository.GetCountByStatusAsync(Ct));
        await ProcessAsync("p-1");
        await ProcessAsync("p-2");
        await ClaimAsync("c-1");
        Assert.True(await Repository.MarkFailedAsync(await ClaimAsync("f-1"), "handler.failed", "no", Ct));
        var counts = await Repository.GetCountByStatusAsync(Ct);
        Assert.Equal((2, 1, 1), (counts["processed"], counts["processing"], counts["failed"]));
    }

    private async Task<int> CleanupAllAsync(TimeSpan retention, TimeSpan? failedRetention = null, int pageSize = 100) =>
        (await PagesAsync(cursor => Repository.CleanupAsync(retention, failedRetention ?? FailedRetention, cursor, pageSize, Ct)))
        .Sum(page => page.Affected);

    private async Task<int> ResetAllAsync(TimeSpan age, int pageSize = 100) =>
        (await PagesAsync(cursor => Repository.ResetStaleAsync(age, cursor, pageSize, Ct))).Sum(page => page.Affected);

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
