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

        var claims = await AtOnceAsync(6, _ => Store.CreateRepository().ClaimAsync(100, Lease, Ct));

        Assert.Equal(40, claims.Sum(won => won.Count));
        Assert.Equal(40, claims.SelectMany(won => won).Select(claim => claim.EventId).Distinct().Count());
        var tokens = claims.SelectMany(won => won.Select(claim => claim.Token.Value).Distinct()).ToList();
        Assert.Equal(tokens.Distinct(), tokens);
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

    [Fact]
    public async Task A_claim_takes_no_more_bytes_than_its_limit()
    {
        foreach (var i in Enumerable.Range(0, 6))
        {
            await CreateLargeAsync($"e-{i}", 30_000);
        }

        var limit = new ClaimLimit(100, 100_000);
        var first = await Repository.ClaimAsync(limit, Lease, Ct);
        var second = await Repository.ClaimAsync(limit, Lease, Ct);
        var left = await Repository.ClaimAsync(limit, Lease, Ct);

        Assert.Equal((3, 3, 0), (first.Count, second.Count, left.Count));
        Assert.Equal(6, first.Concat(second).Select(claim => claim.EventId).Distinct().Count());
        Assert.All(first, claim => Assert.InRange(claim.Bytes, 30_000, 30_100));
    }

    [Fact]
    public async Task The_first_row_of_a_claim_may_be_as_large_as_the_whole_claim()
    {
        await CreateLargeAsync("e-1", 100_000);
        await CreateLargeAsync("e-2", 100_000);

        var limit = new ClaimLimit(100, 100_000);

        Assert.Null(Assert.Single(await Repository.ClaimAsync(limit, Lease, Ct)).Violation);
        Assert.Null(Assert.Single(await Repository.ClaimAsync(limit, Lease, Ct)).Violation);
    }

    [Fact]
    public async Task A_row_that_is_larger_than_a_claim_may_be_is_claimed_to_be_parked()
    {
        await CreateLargeAsync("e-1", 100_001);

        var claim = Assert.Single(await Repository.ClaimAsync(new ClaimLimit(100, 100_000), Lease, Ct));

        Assert.Null(claim.Event);
        Assert.Equal(ErrorCodes.RowTooLarge, claim.Violation?.Code);
        Assert.Contains("100001", claim.Violation!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Headers_and_result_count_as_bytes()
    {
        var large = Sample.Event("e-1") with
        {
            Headers = new Dictionary<string, string> { ["note"] = new('h', 5_000) }, Result = PayloadOf(30_000),
        };
        await Repository.FindOrCreateAsync(large, Ct);

        Assert.InRange(Assert.Single(await Repository.ClaimAsync(10, Lease, Ct)).Bytes, 35_000, 35_200);
    }

    [Fact]
    public async Task Rows_that_were_in_hand_when_their_process_ended_are_claimed_fewer_at_a_time_and_in_the_end_alone()
    {
        const int Rows = 100;
        await AtOnceAsync(Rows, i => Repository.FindOrCreateAsync(Sample.Event($"e-{i}"), Ct));
        var limit = new ClaimLimit(Rows, ClaimLimit.DefaultBytes);
        var counts = new List<int>();
        var seen = new List<int>();

        // Each time the process ends with what it has, and with nothing else.
        for (var round = 0; round < OutboxClaim.MaxUnfinished; round++)
        {
            var claims = await Store.CreateRepository().ClaimAsync(limit, Lease, Ct);
            counts.Add(claims.Count);
            seen.Add(claims.Max(claim => claim.Unfinished));
            Assert.All(claims, claim => Assert.NotNull(claim.Event));
            foreach (var other in await ClaimRestAsync(limit, claims.Max(claim => claim.Unfinished)))
            {
                await Repository.MarkSentAsync([new OutboxMark(other.EventId, other.Token)], Ct);
            }

            await Store.PassAsync(Lease + TimeSpan.FromSeconds(10));
        }

        Assert.Equal([0, 1, 2, 3], seen);
        Assert.Equal((Rows, 1), (counts[0], counts[^1]));
        Assert.InRange(counts[1], 2, Rows / ClaimLimit.Suspicion);
        Assert.InRange(counts[2], 1, Math.Max(1, counts[1] / ClaimLimit.Suspicion));

        var last = Assert.Single(await Store.CreateRepository().ClaimAsync(limit, Lease, Ct));
        Assert.Equal(ErrorCodes.ClaimsUnfinished, last.Violation?.Code);
        Assert.Null(last.Event);
    }

    [Fact]
    public async Task An_outcome_clears_a_row_of_suspicion()
    {
        await CreateAsync("e-1");
        await ClaimOneAsync("e-1");
        await Store.PassAsync(Lease + TimeSpan.FromSeconds(10));
        var suspect = Assert.Single(await Store.CreateRepository().ClaimAsync(10, Lease, Ct));
        Assert.Equal(1, suspect.Unfinished);

        await Repository.RetryAsync([new RetryMark("e-1", suspect.Token, 1, TimeSpan.Zero, "publish.unknown", "No answer.")], Ct);

        Assert.Equal(0, Assert.Single(await Store.CreateRepository().ClaimAsync(10, Lease, Ct)).Unfinished);
    }

    [Fact]
    public async Task A_lease_that_a_job_ends_leaves_its_row_suspect()
    {
        await CreateAsync("e-1");
        await ClaimOneAsync("e-1");
        await Store.PassAsync(Lease + TimeSpan.FromSeconds(10));
        for (string? cursor = null; ;)
        {
            var page = await Repository.ResetStaleAsync(TimeSpan.Zero, cursor, 100, Ct);
            if ((cursor = page.Cursor) is null)
            {
                break;
            }
        }

        Assert.Equal(1, Assert.Single(await Store.CreateRepository().ClaimAsync(10, Lease, Ct)).Unfinished);
    }

    // The other rows of that suspicion, which a process that lives sends.
    private async Task<List<OutboxClaim>> ClaimRestAsync(ClaimLimit limit, int unfinished)
    {
        var rest = new List<OutboxClaim>();
        var repository = Store.CreateRepository();
        while (unfinished > 0 && await repository.ClaimAsync(limit, Lease, Ct) is { Count: > 0 } claims)
        {
            rest.AddRange(claims);
        }

        return rest;
    }

    private async Task CreateLargeAsync(string eventId, int bytes) =>
        await Repository.FindOrCreateAsync(Sample.Event(eventId) with { Payload = PayloadOf(bytes) }, Ct);

    private static string PayloadOf(int bytes) => $"\"{new string('x', bytes - 2)}\"";
}
