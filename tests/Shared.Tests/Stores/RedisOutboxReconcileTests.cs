using Relaybox.Events;
using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Redis;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using StackExchange.Redis;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Rows that were written, changed or deleted by hand, past the scripts.</summary>
public sealed class RedisOutboxReconcileTests(RedisServer server) : IAsyncLifetime
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    private RedisOutboxHarness _store = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private RedisOutboxRepository Repository => (RedisOutboxRepository)_store.Repository;

    public async ValueTask InitializeAsync() => _store = await RedisOutboxHarness.CreateAsync(server, new RedisOptions { Buckets = 3 });

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_row_that_no_set_knows_is_found()
    {
        await HashAsync("lost", ("enqueuedAt", "1"));
        await HashAsync("timeless");
        await HashAsync("keyed", ("orderingKey", "a"));
        Assert.Empty(await ClaimIdsAsync());

        Assert.Equal(3, await ReconcileAsync());

        Assert.Equal(["keyed", "lost", "timeless"], (await ClaimIdsAsync()).Order());
        Assert.Equal(0, await ReconcileAsync());
    }

    [Fact]
    public async Task A_row_of_a_nonsensical_time_is_parked_and_not_waited_for()
    {
        foreach (var (eventId, time) in new[] { ("text", "tomorrow"), ("never", "253402300800000"), ("huge", "99999999999999999999999") })
        {
            await HashAsync(eventId, ("availableAt", time), ("enqueuedAt", "1"));
        }

        await ReconcileAsync();

        var claims = await Repository.ClaimAsync(10, Lease, Ct);
        Assert.Equal(3, claims.Count);
        Assert.All(claims, claim => Assert.Equal(ErrorCodes.FieldInvalid, claim.Violation?.Code));
        Assert.Equal(3, (await Repository.ParkAsync([.. claims.Select(claim => new ParkMark(claim.EventId, claim.Token, 1, "a", "b"))], Ct)).Applied);
    }

    [Theory]
    [InlineData("payload", "\uFFFDbytes", ErrorCodes.PayloadInvalid)]
    [InlineData("headers", "[]", ErrorCodes.HeadersInvalid)]
    [InlineData("headers", "\uFFFDbytes", ErrorCodes.HeadersInvalid)]
    [InlineData("subject", "a b", ErrorCodes.SubjectInvalid)]
    [InlineData("result", "no json", ErrorCodes.FieldInvalid)]
    public async Task A_bad_row_is_claimed_as_such_and_its_neighbour_as_ever(string field, string value, string code)
    {
        await Repository.FindOrCreateAsync(Sample.Event("good"), Ct);
        await Repository.FindOrCreateAsync(Sample.Event("bad"), Ct);
        RedisValue bytes = value.StartsWith('\uFFFD') ? new byte[] { 0xFF, 0x61 } : value;
        await _store.Database.HashSetAsync(Row("bad"), field, bytes);

        var claims = (await Repository.ClaimAsync(10, Lease, Ct)).ToDictionary(claim => claim.EventId);

        Assert.Equal(code, claims["bad"].Violation?.Code);
        Assert.NotNull(claims["good"].Event);
    }

    [Fact]
    public async Task A_row_whose_key_is_something_else_now_stops_nobody()
    {
        await Repository.FindOrCreateAsync(Sample.Event("bad"), Ct);
        await Repository.FindOrCreateAsync(Sample.Event("good"), Ct);
        await _store.Database.KeyDeleteAsync(Row("bad"));
        await _store.Database.StringSetAsync(Row("bad"), "text");

        Assert.Equal(["good"], await ClaimIdsAsync());
        await ReconcileAsync();
        Assert.Empty(await ClaimIdsAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_waits_behind_a_row_that_was_deleted_by_hand_goes_on(bool isParked)
    {
        foreach (var eventId in new[] { "a1", "a2" })
        {
            await Repository.FindOrCreateAsync(Sample.Event(eventId) with { OrderingKey = "a" }, Ct);
        }

        var claim = await Repository.MarkAsPublishingAsync("a1", Lease, Ct);
        if (isParked)
        {
            await Repository.ParkAsync([new("a1", claim!.Token, 1, "a", "b")], Ct);
        }

        await _store.DeleteAsync("a1");
        Assert.Empty(await ClaimIdsAsync());
        await (isParked ? ReconcileAsync() : _store.PassAsync(Lease * 2));

        await Eventually.TrueAsync(async () => (await ClaimIdsAsync()) is ["a2"], "the line goes on");
    }

    [Fact]
    public async Task A_retry_of_a_row_that_waits_keeps_its_delay_when_its_turn_comes()
    {
        foreach (var eventId in new[] { "a1", "a2" })
        {
            await Repository.FindOrCreateAsync(Sample.Event(eventId) with { OrderingKey = "a" }, Ct);
        }

        var claims = await Repository.ClaimAsync(10, Lease, Ct);
        await Repository.RetryAsync([new("a2", claims[1].Token, 1, TimeSpan.FromMinutes(5), "a", "b")], Ct);
        await Repository.MarkSentAsync([new("a1", claims[0].Token)], Ct);

        Assert.Empty(await ClaimIdsAsync());
        await _store.PassAsync(TimeSpan.FromMinutes(6));
        Assert.Equal(["a2"], await ClaimIdsAsync());
    }

    [Fact]
    public async Task A_row_that_is_claimed_does_not_become_due_when_the_row_before_it_is_sent()
    {
        foreach (var eventId in new[] { "a1", "a2" })
        {
            await Repository.FindOrCreateAsync(Sample.Event(eventId) with { OrderingKey = "a" }, Ct);
        }

        var claims = await Repository.ClaimAsync(10, Lease, Ct);
        await Repository.MarkSentAsync([new("a1", claims[0].Token)], Ct);

        // Nobody could claim it, and every poll would find it.
        Assert.Equal(0, await _store.Database.SortedSetLengthAsync($"{Bucket.Of(_store.Options, "a").Tag}:due"));
        Assert.Equal(TimeSpan.Zero, await Repository.OldestDueAgeAsync(Ct));
    }

    [Fact]
    public async Task A_row_whose_lease_has_ended_behind_a_parked_one_goes_back_and_is_no_longer_looked_at()
    {
        foreach (var eventId in new[] { "a1", "a2", "a3" })
        {
            await Repository.FindOrCreateAsync(Sample.Event(eventId) with { OrderingKey = "a" }, Ct);
        }

        var claims = await Repository.ClaimAsync(10, Lease, Ct);
        await Repository.ParkAsync([new("a1", claims[0].Token, 1, "a", "b")], Ct);
        await _store.PassAsync(Lease * 2);

        Assert.Empty(await ClaimIdsAsync());
        Assert.Equal(OutboxStatus.Pending, (await Repository.FindAsync("a2", Ct))!.Status);
        Assert.Equal(TimeSpan.Zero, await Repository.OldestDueAgeAsync(Ct));
        Assert.True(await _store.ActAsync(RowAction.Skip, "a1"));
        Assert.Equal(["a2", "a3"], await ClaimIdsAsync());
    }

    private string Row(string eventId) => Bucket.Of(_store.Options, eventId).Row(eventId);

    private Task HashAsync(string eventId, params IEnumerable<(string Name, string Value)> fields) => _store.Database.HashSetAsync(
        Row(eventId),
        [
            new("status", "pending"), new("subject", "orders.placed"), new("payload", "{}"),
            .. fields.Select(field => new HashEntry(field.Name, field.Value)),
        ]);

    private async Task<IReadOnlyList<string>> ClaimIdsAsync() =>
        [.. (await Repository.ClaimAsync(100, Lease, Ct)).Select(claim => claim.EventId)];

    private async Task<int> ReconcileAsync()
    {
        var recovered = 0;
        for (string? cursor = null; ;)
        {
            var page = await Repository.ReconcileAsync(TimeSpan.FromMinutes(1), cursor, 100, Ct);
            recovered += page.Recovered;
            if ((cursor = page.Cursor) is null)
            {
                return recovered;
            }
        }
    }
}
