using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;

namespace Relaybox.Shared.Tests.Seeds;

/// <summary>
/// The test-suite template of nats-pubsub's guide to custom repositories ("Testing Custom Repositories"), test by test. Every store derives
/// from it and makes a harness.
/// </summary>
public abstract class SeedOutboxSuite : IAsyncLifetime
{
    private const int PageSize = 100;

    private OutboxHarness? _harness;

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    private OutboxHarness Store => _harness ?? throw new InvalidOperationException("The test has not begun.");

    private IOutboxRepository Repository => Store.Repository;

    public async ValueTask InitializeAsync() => _harness = await CreateHarnessAsync();

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_harness is not null)
        {
            await _harness.DisposeAsync();
        }
    }

    private protected abstract Task<OutboxHarness> CreateHarnessAsync();

    [Fact]
    public async Task FindOrCreate_creates_a_new_event()
    {
        var (row, created) = await Repository.FindOrCreateAsync(Sample.Event("test-123", """{"data":"test"}""", "test.subject"), Ct);
        Assert.True(created);
        Assert.Equal(("test-123", OutboxStatus.Pending), (row.Event.EventId, row.Status));
        Assert.InRange(row.Event.EnqueuedAt!.Value, Store.Now - TimeSpan.FromMinutes(1), Store.Now + TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task FindOrCreate_returns_the_existing_event_on_a_duplicate()
    {
        var written = Sample.Event("test-123", """{"data":"test"}""", "test.subject");
        var first = await Repository.FindOrCreateAsync(written, Ct);
        var second = await Repository.FindOrCreateAsync(written, Ct);
        Assert.False(second.Created);
        Assert.Equal(first.Row.Event.EventId, second.Row.Event.EventId);
        Assert.Equal(first.Row.Event.EnqueuedAt, second.Row.Event.EnqueuedAt);
    }

    [Fact]
    public async Task MarkAsSent_updates_the_status()
    {
        var written = await CreateAsync("e-1");
        Assert.Equal(1, await MarkSentAsync("e-1"));
        var updated = (await Repository.FindOrCreateAsync(written, Ct)).Row;
        Assert.Equal(OutboxStatus.Sent, updated.Status);
        Assert.NotNull(updated.SentAt);
    }

    [Fact]
    public async Task MarkAsPublishing_and_markAsFailed_update_the_status()
    {
        await CreateAsync("e-1");
        var claim = await Repository.MarkAsPublishingAsync("e-1", TimeSpan.FromMinutes(1), Ct);
        Assert.Equal(OutboxStatus.Publishing, (await Repository.FindAsync("e-1", Ct))!.Status);

        await Repository.ParkAsync([new ParkMark("e-1", claim!.Token, 1, ErrorCodes.PublishRejected, "no route")], Ct);
        var failed = (await Repository.FindAsync("e-1", Ct))!;
        Assert.Equal((OutboxStatus.Failed, "no route"), (failed.Status, failed.ErrorMessage));
    }

    [Fact]
    public async Task FindPending_returns_pending_events()
    {
        await CreateAsync("1");
        await CreateAsync("2");
        await CreateAsync("3");
        await MarkSentAsync("2");
        var pending = await Repository.FindPendingAsync(100, Ct);
        Assert.Equal(2, pending.Count);
        Assert.All(pending, row => Assert.Equal(OutboxStatus.Pending, row.Status));
    }

    [Fact]
    public async Task FindPending_respects_the_limit()
    {
        for (var i = 0; i < 10; i++)
        {
            await CreateAsync($"event-{i}");
        }

        Assert.Equal(5, (await Repository.FindPendingAsync(5, Ct)).Count);
    }

    [Fact]
    public async Task FindPending_orders_by_enqueued_at()
    {
        foreach (var id in new[] { "1", "2", "3" })
        {
            await CreateAsync(id);
            await Store.PassAsync(TimeSpan.FromMilliseconds(10));
        }

        Assert.Equal(["1", "2", "3"], (await Repository.FindPendingAsync(100, Ct)).Select(row => row.Event.EventId));
    }

    [Fact]
    public async Task Cleanup_deletes_old_sent_events()
    {
        await CreateAsync("old");
        await MarkSentAsync("old");
        await Store.PassAsync(TimeSpan.FromDays(10));
        await CreateAsync("recent");
        await MarkSentAsync("recent");

        Assert.Equal(1, await SumAsync(cursor => Repository.CleanupAsync(TimeSpan.FromDays(7), null, cursor, PageSize, Ct)));
        Assert.Null(await Repository.FindAsync("old", Ct));
        Assert.NotNull(await Repository.FindAsync("recent", Ct));
    }

    [Fact]
    public async Task ResetStale_resets_stuck_publishing_events()
    {
        await CreateAsync("stale");
        await CreateAsync("recent");
        await Repository.MarkAsPublishingAsync("stale", TimeSpan.FromMinutes(1), Ct);
        await Store.PassAsync(TimeSpan.FromMinutes(10));
        await Repository.MarkAsPublishingAsync("recent", TimeSpan.FromMinutes(1), Ct);

        Assert.Equal(1, await SumAsync(cursor => Repository.ResetStaleAsync(TimeSpan.FromMinutes(5), cursor, PageSize, Ct)));
        Assert.Equal(OutboxStatus.Pending, (await Repository.FindAsync("stale", Ct))!.Status);
        Assert.Equal(OutboxStatus.Publishing, (await Repository.FindAsync("recent", Ct))!.Status);
    }

    [Fact]
    public async Task GetCountByStatus_returns_counts_grouped_by_status()
    {
        foreach (var id in new[] { "1", "2", "3", "4" })
        {
            await CreateAsync(id);
        }

        await MarkSentAsync("3");
        await Repository.ParkAsync([new ParkMark("4", ClaimToken.None, 1, ErrorCodes.PublishRejected, "no route")], Ct);
        var counts = await Repository.GetCountByStatusAsync(Ct);
        Assert.Equal((2, 1, 1), (counts["pending"], counts["sent"], counts["failed"]));
    }

    private async Task<OutboxEvent> CreateAsync(string eventId)
    {
        var written = Sample.Event(eventId);
        await Repository.FindOrCreateAsync(written, Ct);
        return written;
    }

    private async Task<int> MarkSentAsync(string eventId) => (await Repository.MarkSentAsync([new OutboxMark(eventId, ClaimToken.None)], Ct)).Applied;

    private static async Task<int> SumAsync(Func<string?, Task<Relaybox.Paging.MaintenancePage>> step)
    {
        var (sum, page) = (0, await step(null));
        for (sum = page.Affected; page.Cursor is { } cursor; sum += page.Affected)
        {
            page = await step(cursor);
        }

        return sum;
    }
}
