using Relaybox.Events;
using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;
using Relaybox.Shared.Tests.Support;

namespace Relaybox.Shared.Tests.Conformance;

/// <summary>What an outbox does whose claims keep the order of each ordering key.</summary>
public abstract partial class OutboxOrderConformance : IAsyncLifetime
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    private OutboxHarness? _harness;

    private protected OutboxHarness Store => _harness ?? throw new InvalidOperationException("The test has not begun.");

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>How the workers of the tests hold rows.</summary>
    private protected virtual RelayMode Mode => RelayMode.Lease;

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

    private Task<bool> SkipAsync(string eventId) => Store.ActAsync(RowAction.Skip, eventId);

    [Fact]
    public void The_store_says_that_it_keeps_order() => Assert.True(Repository.KeepsOrder);

    [Fact]
    public async Task The_rows_of_one_key_are_claimed_together_and_in_order()
    {
        await WriteAsync("a", "a1", "a2", "a3");
        var claims = await Repository.ClaimAsync(100, Lease, Ct);
        Assert.Equal(["a1", "a2", "a3"], claims.Select(claim => claim.EventId));
        Assert.All(claims, claim => Assert.Equal("a", claim.OrderingKey));
    }

    [Fact]
    public async Task No_row_is_claimed_while_an_earlier_one_of_its_key_is()
    {
        await WriteAsync("a", "a1");
        await WriteAsync("b", "b1");
        Assert.NotNull(await Repository.MarkAsPublishingAsync("a1", Lease, Ct));
        await WriteAsync("a", "a2");

        Assert.Equal(["b1"], await ClaimIdsAsync());
        Assert.Null(await Repository.MarkAsPublishingAsync("a2", Lease, Ct));
    }

    [Fact]
    public async Task A_row_that_is_to_be_retried_later_holds_back_its_key_and_no_other()
    {
        await WriteAsync("a", "a1", "a2");
        await WriteAsync("b", "b1");
        var claims = (await Repository.ClaimAsync(100, Lease, Ct)).ToDictionary(claim => claim.EventId);
        await Repository.RetryAsync(
            [
                new("a1", claims["a1"].Token, 1, TimeSpan.FromMinutes(5), "publish.unknown", "lost"),
                new("a2", claims["a2"].Token, 0, TimeSpan.Zero, null, null),
                new("b1", claims["b1"].Token, 0, TimeSpan.Zero, null, null),
            ],
            Ct);

        Assert.Equal(["b1"], await ClaimIdsAsync());
        Assert.Null(await Repository.MarkAsPublishingAsync("a2", Lease, Ct));
        await Store.PassAsync(TimeSpan.FromMinutes(6));
        Assert.Equal(["a1", "a2", "b1"], (await ClaimIdsAsync()).Order());
    }

    [Fact]
    public async Task A_row_whose_time_has_not_come_holds_back_what_was_written_after_it()
    {
        await WriteAsync("a", "a1");
        await Repository.FindOrCreateAsync(Event("a2", "a") with { AvailableAt = Store.Now + TimeSpan.FromHours(1) }, Ct);
        await WriteAsync("a", "a3");

        Assert.Equal(["a1"], await ClaimIdsAsync());
        await Store.PassAsync(TimeSpan.FromHours(2));
        Assert.Equal(["a1", "a2", "a3"], await ClaimIdsAsync());
    }

    [Fact]
    public async Task A_parked_row_holds_back_its_key_until_it_is_skipped()
    {
        await WriteAsync("a", "a1", "a2");
        await ParkFirstAsync();
        await Store.PassAsync(TimeSpan.FromDays(30));
        Assert.Empty(await ClaimIdsAsync());
        Assert.Null(await Repository.MarkAsPublishingAsync("a2", Lease, Ct));

        Assert.True(await SkipAsync("a1"));

        Assert.Equal(["a2"], await ClaimIdsAsync());
        Assert.Equal(OutboxStatus.Failed, (await Repository.FindAsync("a1", Ct))!.Status);
    }

    [Fact]
    public async Task What_waits_behind_another_row_of_its_key_is_not_overdue()
    {
        await WriteAsync("a", "a1", "a2");
        await ParkFirstAsync();
        await Repository.FindOrCreateAsync(Event("b1", "b") with { AvailableAt = Store.Now + TimeSpan.FromDays(3) }, Ct);
        await WriteAsync("b", "b2");
        await Store.PassAsync(TimeSpan.FromDays(1));
        Assert.Equal(TimeSpan.Zero, await Repository.OldestDueAgeAsync(Ct));

        await WriteAsync("c", "c1", "c2");
        await Store.PassAsync(TimeSpan.FromMinutes(10));
        Assert.InRange(await Repository.OldestDueAgeAsync(Ct), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(11));

        Assert.True(await SkipAsync("a1"));
        Assert.InRange(await Repository.OldestDueAgeAsync(Ct), TimeSpan.FromDays(1), TimeSpan.FromDays(1.1));
    }

    [Fact]
    public async Task Only_a_parked_row_can_be_skipped()
    {
        await WriteAsync("a", "pending");
        await WriteAsync("b", "sent");
        Assert.False(await SkipAsync("pending"));
        Assert.False(await SkipAsync("absent"));
        var claims = await Repository.ClaimAsync(10, Lease, Ct);
        Assert.False(await SkipAsync("pending"));
        await Repository.MarkSentAsync([.. claims.Select(claim => new OutboxMark(claim.EventId, claim.Token))], Ct);
        Assert.False(await SkipAsync("sent"));
        Assert.Equal(Store.KeepsSentRows ? 2 : 0, (await Repository.GetCountByStatusAsync(Ct)).GetValueOrDefault("sent"));
    }

    [Fact]
    public async Task Cleanup_does_not_open_the_way_for_what_a_parked_row_holds_back()
    {
        await WriteAsync("a", "a1", "a2");
        await ParkFirstAsync();
        await Store.PassAsync(TimeSpan.FromDays(30));
        await CleanupAsync();
        Assert.NotNull(await Repository.FindAsync("a1", Ct));
        Assert.Empty(await ClaimIdsAsync());

        Assert.True(await SkipAsync("a1"));
        await CleanupAsync();
        Assert.Null(await Repository.FindAsync("a1", Ct));
    }

    [Fact]
    public async Task Who_takes_over_an_ended_lease_gets_the_key_in_order_from_its_first_row()
    {
        await WriteAsync("a", "a1", "a2");
        Assert.Equal(["a1", "a2"], await ClaimIdsAsync());
        await WriteAsync("a", "a3");
        Assert.Empty(await ClaimIdsAsync());
        await Store.PassAsync(Lease + TimeSpan.FromSeconds(1));
        Assert.Equal(["a1", "a2", "a3"], await ClaimIdsAsync());
    }

    [Fact]
    public async Task A_reset_claim_keeps_its_place()
    {
        await WriteAsync("a", "a1", "a2");
        Assert.Equal(2, (await ClaimIdsAsync()).Count);
        await Store.PassAsync(Lease + TimeSpan.FromMinutes(5));
        Assert.Equal(2, (await Repository.ResetStaleAsync(TimeSpan.FromMinutes(1), null, 10, Ct)).Affected);
        Assert.Equal(["a1", "a2"], await ClaimIdsAsync());
    }

    [Fact]
    public async Task Keys_and_rows_without_a_key_share_a_claim()
    {
        for (var i = 0; i < 20; i++)
        {
            await WriteAsync($"key-{i}", $"keyed-{i}");
            await WriteAsync(null, $"free-{i}");
        }

        // A store that begins with any key may find none beyond it in its first claim.
        var first = (await ClaimIdsAsync(10)).Concat(await ClaimIdsAsync(10)).ToList();
        Assert.InRange(first.Count(id => id.StartsWith("keyed", StringComparison.Ordinal)), 5, 10);
        Assert.Equal(20, first.Count);

        // Claims of one row take turns as well. A claim that has to look again may give its turn away.
        var ones = new List<string>();
        for (var i = 0; i < 6; i++)
        {
            ones.AddRange(await ClaimIdsAsync(1));
        }

        Assert.Contains(ones, id => id.StartsWith("free", StringComparison.Ordinal));
        Assert.Contains(ones, id => id.StartsWith("keyed", StringComparison.Ordinal));
        Assert.Equal(20 - ones.Count, (await ClaimIdsAsync(100)).Count);
    }

    [Fact]
    public async Task One_busy_key_does_not_take_the_whole_claim()
    {
        await WriteAsync("hot", [.. Enumerable.Range(0, 120).Select(i => $"hot-{i:000}")]);
        await WriteAsync("cool", "cool-1");
        await WriteAsync("zero", "zero-1");

        var claims = await ClaimIdsAsync(30);

        Assert.Contains("cool-1", claims);
        Assert.Contains("zero-1", claims);
        Assert.Equal(claims.Where(IsHot).Order(), claims.Where(IsHot));
        Assert.Equal(Enumerable.Range(0, claims.Count(IsHot)).Select(i => $"hot-{i:000}"), claims.Where(IsHot));

        static bool IsHot(string id) => id.StartsWith("hot", StringComparison.Ordinal);
    }

    private async Task WriteAsync(string? key, params string[] eventIds)
    {
        foreach (var eventId in eventIds)
        {
            Assert.True((await Repository.FindOrCreateAsync(Event(eventId, key), Ct)).Created);
        }
    }

    private static OutboxEvent Event(string eventId, string? key) => Sample.Event(eventId) with { OrderingKey = key };

    private async Task<IReadOnlyList<string>> ClaimIdsAsync(int limit = 100) =>
        [.. (await Repository.ClaimAsync(limit, Lease, Ct)).Select(claim => claim.EventId)];

    private async Task ParkFirstAsync()
    {
        var claims = await Repository.ClaimAsync(100, Lease, Ct);
        Assert.Equal(1, (await Repository.ParkAsync([new(claims[0].EventId, claims[0].Token, 1, "publish.rejected", "no")], Ct)).Applied);
        await Repository.RetryAsync([.. claims.Skip(1).Select(claim => new RetryMark(claim.EventId, claim.Token, 0, TimeSpan.Zero, null, null))], Ct);
    }

    private async Task CleanupAsync()
    {
        string? cursor = null;
        do
        {
            cursor = (await Repository.CleanupAsync(TimeSpan.FromDays(1), TimeSpan.FromDays(1), cursor, 10, Ct)).Cursor;
        }
        while (cursor is not null);
    }
}
