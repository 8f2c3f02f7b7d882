using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Support;

namespace Relaybox.Shared.Tests.Conformance;

// Who may publish what, and for how long.
public abstract partial class OutboxRepositoryConformance
{
    [Fact]
    public async Task A_due_row_is_claimed_with_its_event_under_a_token()
    {
        await CreateAsync("e-1");

        var claim = Assert.Single(await Repository.ClaimAsync(10, Lease, Ct));

        Assert.Equal("e-1", claim.EventId);
        Assert.Equal("""{"n":1}""", claim.Event!.Payload);
        Assert.Null(claim.Violation);
        Assert.Equal(0, claim.Attempts);
        Assert.False(claim.Token.IsNone);
        var row = await Repository.FindAsync("e-1", Ct);
        Assert.Equal(OutboxStatus.Publishing, row!.Status);
        Assert.Equal(claim.Token, row.Token);
    }

    [Fact]
    public async Task A_claimed_row_is_not_claimed_again_while_its_lease_runs()
    {
        await CreateAsync("e-1");
        Assert.Single(await Repository.ClaimAsync(10, Lease, Ct));
        await Store.PassAsync(Lease / 2);

        Assert.Empty(await Store.CreateRepository().ClaimAsync(10, Lease, Ct));
        Assert.Null(await Store.CreateRepository().MarkAsPublishingAsync("e-1", Lease, Ct));
    }

    [Fact]
    public async Task Many_relays_that_claim_at_once_win_each_row_once()
    {
        await AtOnceAsync(40, i => Repository.FindOrCreateAsync(Sample.Event($"e-{i}"), Ct));

        var claims = (await AtOnceAsync(6, _ => Store.CreateRepository().ClaimAsync(100, Lease, Ct))).SelectMany(c => c).ToList();

        Assert.Equal(40, claims.Count);
        Assert.Equal(40, claims.Select(claim => claim.EventId).Distinct().Count());
        Assert.Equal(40, claims.Select(claim => claim.Token).Distinct().Count());
    }

    [Fact]
    public async Task Many_relays_that_claim_one_row_by_its_id_win_it_once()
    {
        await CreateAsync("e-1");
        var claims = await AtOnceAsync(10, _ => Store.CreateRepository().MarkAsPublishingAsync("e-1", Lease, Ct));
        var winner = Assert.Single(claims.OfType<OutboxClaim>());
        Assert.Equal(winner.Token, (await Repository.FindAsync("e-1", Ct))!.Token);
    }

    [Fact]
    public async Task Many_relays_that_take_over_an_ended_lease_win_it_once()
    {
        await CreateAsync("e-1");
        var first = await ClaimOneAsync("e-1");
        await Store.PassAsync(Lease + TimeSpan.FromSeconds(1));

        var claims = (await AtOnceAsync(6, _ => Store.CreateRepository().ClaimAsync(10, Lease, Ct))).SelectMany(c => c);

        Assert.NotEqual(first.Token, Assert.Single(claims).Token);
    }

    [Fact]
    public async Task A_claim_takes_no_more_rows_than_its_limit_and_the_ones_due_longest_first()
    {
        foreach (var i in new[] { 3, 0, 4, 2, 1 })
        {
            await Repository.FindOrCreateAsync(
                Sample.Event($"e-{i}") with { AvailableAt = Store.Now - TimeSpan.FromMinutes(60 - i) }, Ct);
        }

        var claims = await Repository.ClaimAsync(2, Lease, Ct);

        Assert.Equal(["e-0", "e-1"], claims.Select(claim => claim.EventId).Order());
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Repository.ClaimAsync(0, Lease, Ct));
    }

    [Fact]
    public async Task A_row_is_not_claimed_before_its_time()
    {
        await Repository.FindOrCreateAsync(Sample.Event("e-1") with { AvailableAt = Store.Now + TimeSpan.FromHours(1) }, Ct);

        Assert.Empty(await Repository.ClaimAsync(10, Lease, Ct));
        await Store.PassAsync(TimeSpan.FromMinutes(61));
        Assert.Single(await Repository.ClaimAsync(10, Lease, Ct));
    }

    [Fact]
    public async Task A_row_can_be_claimed_by_its_id_before_its_time()
    {
        await Repository.FindOrCreateAsync(Sample.Event("e-1") with { AvailableAt = Store.Now + TimeSpan.FromHours(1) }, Ct);
        Assert.NotNull(await Repository.MarkAsPublishingAsync("e-1", Lease, Ct));
    }

    [Fact]
    public async Task A_row_that_is_absent_or_sent_or_parked_or_of_unknown_status_cannot_be_claimed_by_its_id()
    {
        await CreateAsync("sent", "parked");
        await SendAsync("sent");
        await ParkAsync("parked");
        await Store.WriteAsync(new RawRow("unknown") { Status = "paused" });
        await Store.PassAsync(TimeSpan.FromDays(1));

        foreach (var eventId in new[] { "absent", "sent", "parked", "unknown" })
        {
            Assert.Null(await Repository.MarkAsPublishingAsync(eventId, Lease, Ct));
        }

        Assert.Null(await Store.ReadAsync("absent"));
        Assert.Empty(await Repository.ClaimAsync(10, Lease, Ct));
    }

    [Fact]
    public async Task A_row_whose_lease_has_ended_is_claimed_again_under_another_token()
    {
        await CreateAsync("by-sweep", "by-id");
        var first = await ClaimOneAsync("by-sweep");
        var second = await ClaimOneAsync("by-id");
        await Store.PassAsync(Lease + TimeSpan.FromSeconds(1));

        var byId = await ClaimOneAsync("by-id");
        var bySweep = Assert.Single(await Repository.ClaimAsync(10, Lease, Ct));

        Assert.Equal("by-sweep", bySweep.EventId);
        Assert.NotEqual(first.Token, bySweep.Token);
        Assert.NotEqual(second.Token, byId.Token);
    }

    [Fact]
    public async Task A_row_with_only_the_required_fields_is_published_like_any_other()
    {
        await Store.WriteAsync(new RawRow("e-1") { Payload = "{}" });

        Assert.Single(await Repository.FindPendingAsync(10, Ct));
        var claim = await ClaimOneAsync("e-1");

        Assert.Null(claim.Violation);
        Assert.Empty(claim.Event!.Headers);
        Assert.Null(claim.Event.OrderingKey);
        Assert.Null(claim.Event.AvailableAt);
        Assert.Equal(1, (await Repository.MarkSentAsync([new("e-1", claim.Token)], Ct)).Applied);
    }

    [Fact]
    public async Task A_row_that_breaks_the_contract_is_claimed_as_such_and_its_neighbour_as_ever()
    {
        await Store.WriteAsync(new RawRow("bad") { Subject = "orders placed!", DueAt = Store.Now - TimeSpan.FromMinutes(1) });
        await CreateAsync("good");

        var claims = (await Repository.ClaimAsync(10, Lease, Ct)).ToDictionary(claim => claim.EventId);

        Assert.Equal(2, claims.Count);
        Assert.Equal(ErrorCodes.SubjectInvalid, claims["bad"].Violation!.Code);
        Assert.Null(claims["bad"].Event);
        Assert.NotNull(claims["good"].Event);
    }

    [Fact]
    public async Task How_long_the_oldest_row_has_been_due_is_told()
    {
        Assert.Equal(TimeSpan.Zero, await Repository.OldestDueAgeAsync(Ct));
        await CreateAsync("e-1");
        await Store.PassAsync(TimeSpan.FromMinutes(10));
        await CreateAsync("e-2");

        Assert.InRange(await Repository.OldestDueAgeAsync(Ct), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(11));

        await SendAsync("e-1");
        await ParkAsync("e-2");
        await Store.PassAsync(TimeSpan.FromDays(1));
        Assert.Equal(TimeSpan.Zero, await Repository.OldestDueAgeAsync(Ct));
    }
}
