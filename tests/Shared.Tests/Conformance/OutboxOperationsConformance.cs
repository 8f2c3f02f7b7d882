using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Support;

namespace Relaybox.Shared.Tests.Conformance;

/// <summary>What operators can do in every store: derive, and say which store it is.</summary>
public abstract class OutboxOperationsConformance : IAsyncLifetime
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    private OutboxHarness? _harness;

    private protected OutboxHarness Store => _harness ?? throw new InvalidOperationException("The test has not begun.");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private IOutboxOperations Operations => Store.Operations;

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
    public async Task Parked_rows_are_read_page_by_page_each_once_and_without_their_payload()
    {
        Assert.Empty(await ParkedAsync());
        await Repository.FindOrCreateAsync(Sample.Event("pending"), Ct);
        for (var i = 0; i < 7; i++)
        {
            await ParkAsync(Sample.Event($"e-{i}") with { Headers = new Dictionary<string, string> { ["tenant"] = $"t-{i}" } });
        }

        var pages = await PagesAsync(3);

        Assert.All(pages, page => Assert.InRange(page.Rows.Count, 0, 3));
        var rows = pages.SelectMany(page => page.Rows).OrderBy(row => row.Event.EventId, StringComparer.Ordinal).ToList();
        Assert.Equal(Enumerable.Range(0, 7).Select(i => $"e-{i}"), rows.Select(row => row.Event.EventId));
        Assert.All(
            rows,
            row => Assert.Equal((OutboxStatus.Failed, "publish.rejected", "no", 3), (row.Status, row.ErrorCode, row.ErrorMessage, row.Attempts)));
        Assert.All(rows, row => Assert.Equal("", row.Event.Payload));
        Assert.Equal("t-3", rows[3].Event.Headers["tenant"]);
        Assert.All(rows, row => Assert.True(row.FailedAt <= pages[^1].Now));
    }

    [Fact]
    public async Task Sent_rows_are_read_page_by_page_each_once_as_long_as_they_are_kept()
    {
        if (!Store.KeepsSentRows)
        {
            return;
        }

        await Repository.FindOrCreateAsync(Sample.Event("pending"), Ct);
        await ParkAsync(Sample.Event("parked"));
        for (var i = 0; i < 7; i++)
        {
            await SendAsync($"e-{i}");
        }

        // Stores keep times to the millisecond.
        await Store.PassAsync(TimeSpan.FromSeconds(1));
        var since = Store.Now;
        await SendAsync("late");

        var pages = await PagesAsync(3, OutboxStatus.Sent);

        Assert.All(pages, page => Assert.InRange(page.Rows.Count, 0, 3));
        var rows = pages.SelectMany(page => page.Rows).OrderBy(row => row.Event.EventId, StringComparer.Ordinal).ToList();
        Assert.Equal([.. Enumerable.Range(0, 7).Select(i => $"e-{i}"), "late"], rows.Select(row => row.Event.EventId));
        Assert.All(rows, row => Assert.Equal((OutboxStatus.Sent, ""), (row.Status, row.Event.Payload)));
        Assert.All(rows, row => Assert.True(row.SentAt <= pages[^1].Now));
        var late = (await PagesAsync(3, OutboxStatus.Sent, since)).SelectMany(page => page.Rows);
        Assert.Equal("late", Assert.Single(late).Event.EventId);
    }

    [Fact]
    public async Task Pending_rows_are_selected_as_parked_ones_are_and_only_listed()
    {
        await Repository.FindOrCreateAsync(Sample.Event("a"), Ct);
        await Repository.FindOrCreateAsync(Sample.Event("b") with { Subject = "mails.sent" }, Ct);
        await ParkAsync(Sample.Event("parked"));

        Assert.Equal(["a", "b"], await PendingAsync(""));
        Assert.Equal(["b"], await PendingAsync("state:pending subject:mails.*"));
        Assert.Equal(["a", "b"], await PendingAsync("newer:1d"));
        Assert.Empty(await PendingAsync("older:1d"));
        Assert.Equal(["a"], await PendingAsync("id:a"));
        Assert.Empty(await PendingAsync("id:parked"));

        async Task<IEnumerable<string>> PendingAsync(string selection)
        {
            var (page, _) = await new SelectedRows(Repository, Operations).ReadAsync(
                RowSelection.Parse(selection, OperationTarget.PendingRows), null, null, Ct);
            Assert.Null(page.Cursor);
            return page.Rows.Select(row => row.Event.EventId).Order(StringComparer.Ordinal);
        }
    }

    [Fact]
    public async Task A_redriven_row_is_claimed_as_if_nothing_had_failed()
    {
        await ParkAsync(Sample.Event("e-1"));
        Assert.True(await Store.ActAsync(RowAction.Redrive, "e-1"));

        // Another process: the one that parked a row passes it over until the index has forgotten it.
        var claim = Assert.Single(await Store.CreateRepository().ClaimAsync(10, Lease, Ct));
        Assert.Equal(("e-1", 0, null), (claim.EventId, claim.Attempts, claim.Violation?.Code));
        Assert.Equal(Sample.Event("e-1").Payload, claim.Event!.Payload);
        Assert.Equal(1, (await Repository.MarkSentAsync([new(claim.EventId, claim.Token)], Ct)).Applied);
        Assert.Empty(await ParkedAsync());
    }

    [Fact]
    public async Task A_row_that_was_parked_again_since_it_was_seen_is_left_alone()
    {
        await ParkAsync(Sample.Event("e-1"));
        var seen = await VersionAsync("e-1");
        Assert.True(await Store.ActAsync(RowAction.Redrive, "e-1"));
        await Store.PassAsync(TimeSpan.FromSeconds(1));
        await ParkAsync("e-1");

        foreach (var action in Enum.GetValues<RowAction>())
        {
            Assert.Empty((await Operations.ApplyAsync(action, [seen], Ct)).Applied);
        }

        Assert.Equal(OutboxStatus.Failed, (await Repository.FindAsync("e-1", Ct))!.Status);
    }

    [Theory]
    [InlineData(RowAction.Redrive)]
    [InlineData(RowAction.Shelve)]
    [InlineData(RowAction.Purge)]
    internal async Task An_action_is_done_once_and_only_to_the_rows_that_are_named(RowAction action)
    {
        await ParkAsync(Sample.Event("e-1"));
        await ParkAsync(Sample.Event("e-2"));
        await ParkAsync(Sample.Event("other"));
        RowVersion[] seen = [await VersionAsync("e-1"), await VersionAsync("e-2"), new("absent", Store.Now, null)];

        Assert.Equal(["e-1", "e-2"], (await Operations.ApplyAsync(action, seen, Ct)).Applied.Order());
        Assert.Empty((await Operations.ApplyAsync(action, seen, Ct)).Applied);

        Assert.Equal(["other"], (await ParkedAsync()).Where(row => row.ShelvedAt is null).Select(row => row.Event.EventId));
    }

    [Fact]
    public async Task A_shelved_row_stays_parked_until_it_is_unshelved_and_its_older_version_does_not_hold()
    {
        await ParkAsync(Sample.Event("e-1"));
        var seen = await VersionAsync("e-1");
        Assert.False(await Store.ActAsync(RowAction.Unshelve, "e-1"));
        Assert.True(await Store.ActAsync(RowAction.Shelve, "e-1"));
        Assert.NotNull(Assert.Single(await ParkedAsync()).ShelvedAt);
        Assert.Empty((await Operations.ApplyAsync(RowAction.Redrive, [seen], Ct)).Applied);

        Assert.True(await Store.ActAsync(RowAction.Unshelve, "e-1"));
        Assert.Null((await Repository.FindAsync("e-1", Ct))!.ShelvedAt);
        Assert.True(await Store.ActAsync(RowAction.Redrive, "e-1"));
    }

    [Fact]
    public async Task Rows_that_are_not_parked_are_left_alone()
    {
        await Repository.FindOrCreateAsync(Sample.Event("pending"), Ct);
        await Repository.FindOrCreateAsync(Sample.Event("claimed"), Ct);
        await Repository.FindOrCreateAsync(Sample.Event("sent"), Ct);
        Assert.NotNull(await Repository.MarkAsPublishingAsync("claimed", Lease, Ct));
        var claim = await Repository.MarkAsPublishingAsync("sent", Lease, Ct);
        await Repository.MarkSentAsync([new("sent", claim!.Token)], Ct);
        foreach (var action in Enum.GetValues<RowAction>())
        {
            Assert.False(await Store.ActAsync(action, "pending"));
            Assert.False(await Store.ActAsync(action, "claimed"));
            Assert.False(await Store.ActAsync(action, "sent"));
        }
    }

    [Fact]
    public async Task A_redriven_row_of_a_key_goes_before_the_rows_that_wait_for_it()
    {
        if (!Repository.KeepsOrder)
        {
            return;
        }

        await ParkAsync(Sample.Event("a-1") with { OrderingKey = "a" });
        await Repository.FindOrCreateAsync(Sample.Event("a-2") with { OrderingKey = "a" }, Ct);
        Assert.Empty(await Repository.ClaimAsync(10, Lease, Ct));
        Assert.Equal("a-1", await Operations.FindBlockerAsync((await Repository.FindAsync("a-2", Ct))!, Ct));
        Assert.Null(await Operations.FindBlockerAsync((await Repository.FindAsync("a-1", Ct))!, Ct));

        Assert.True(await Store.ActAsync(RowAction.Redrive, "a-1"));

        Assert.Equal(["a-1", "a-2"], (await Repository.ClaimAsync(10, Lease, Ct)).Select(claim => claim.EventId));
    }

    [Fact]
    public async Task A_skipped_row_that_is_redriven_is_sent_after_all()
    {
        if (!Repository.KeepsOrder)
        {
            return;
        }

        await ParkAsync(Sample.Event("a-1") with { OrderingKey = "a" });
        await Repository.FindOrCreateAsync(Sample.Event("a-2") with { OrderingKey = "a" }, Ct);
        Assert.True(await Store.ActAsync(RowAction.Skip, "a-1"));
        Assert.False(await Store.ActAsync(RowAction.Skip, "a-1"));
        Assert.NotNull((await Repository.FindAsync("a-1", Ct))!.SkippedAt);
        Assert.Null(await Operations.FindBlockerAsync((await Repository.FindAsync("a-2", Ct))!, Ct));

        Assert.True(await Store.ActAsync(RowAction.Redrive, "a-1"));

        var sent = new List<string>();
        for (var round = 0; round < 3 && sent.Count < 2; round++)
        {
            var claims = await Repository.ClaimAsync(10, Lease, Ct);
            await Repository.MarkSentAsync([.. claims.Select(claim => new OutboxMark(claim.EventId, claim.Token))], Ct);
            sent.AddRange(claims.Select(claim => claim.EventId));
        }

        Assert.Equal(["a-1", "a-2"], sent);
    }

    [Fact]
    public async Task A_row_that_holds_back_its_key_is_not_purged_before_it_is_skipped()
    {
        if (!Repository.KeepsOrder)
        {
            return;
        }

        await ParkAsync(Sample.Event("a-1") with { OrderingKey = "a" });
        await Repository.FindOrCreateAsync(Sample.Event("a-2") with { OrderingKey = "a" }, Ct);
        Assert.False(await Store.ActAsync(RowAction.Purge, "a-1"));
        Assert.True(await Store.ActAsync(RowAction.Skip, "a-1"));
        Assert.True(await Store.ActAsync(RowAction.Purge, "a-1"));
        Assert.Null(await Repository.FindAsync("a-1", Ct));
        Assert.Equal(["a-2"], (await Repository.ClaimAsync(10, Lease, Ct)).Select(claim => claim.EventId));
    }

    [Fact]
    public async Task Of_two_operators_at_once_one_changes_each_row()
    {
        for (var i = 0; i < 10; i++)
        {
            await ParkAsync(Sample.Event($"e-{i}"));
        }

        var seen = (await ParkedAsync()).Select(RowVersion.Of).ToList();
        var done = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Operations.ApplyAsync(RowAction.Redrive, seen, Ct))));

        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"e-{i}"), done.SelectMany(outcome => outcome.Applied).Order());
        Assert.Equal(10, (await Store.CreateRepository().ClaimAsync(100, Lease, Ct)).Count);
    }

    private async Task<List<OutboxRow>> ParkedAsync() => [.. (await PagesAsync(100)).SelectMany(page => page.Rows)];

    private async Task<List<RowPage>> PagesAsync(int limit, OutboxStatus status = OutboxStatus.Failed, DateTimeOffset? since = null)
    {
        var pages = new List<RowPage>();
        string? cursor = null;
        do
        {
            pages.Add(await Operations.ReadAsync(status, since, cursor, limit, Ct));
            cursor = pages[^1].Cursor;
        }
        while (cursor is not null && pages.Count < 50);

        return pages;
    }

    private async Task<RowVersion> VersionAsync(string eventId) => RowVersion.Of((await Repository.FindAsync(eventId, Ct))!);

    private async Task ParkAsync(Relaybox.Events.OutboxEvent outboxEvent)
    {
        await Repository.FindOrCreateAsync(outboxEvent, Ct);
        await ParkAsync(outboxEvent.EventId);
    }

    private async Task SendAsync(string eventId)
    {
        await Repository.FindOrCreateAsync(Sample.Event(eventId), Ct);
        var claim = await Repository.MarkAsPublishingAsync(eventId, Lease, Ct);
        Assert.Equal(1, (await Repository.MarkSentAsync([new(eventId, claim!.Token)], Ct)).Applied);
    }

    private async Task ParkAsync(string eventId)
    {
        var claim = await Repository.MarkAsPublishingAsync(eventId, Lease, Ct);
        Assert.Equal(1, (await Repository.ParkAsync([new(eventId, claim!.Token, 3, "publish.rejected", "no")], Ct)).Applied);
    }
}
