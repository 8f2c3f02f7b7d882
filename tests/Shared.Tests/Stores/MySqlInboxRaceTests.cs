using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Lost connections and answers, restarts, and records that change meanwhile.</summary>
public sealed class MySqlInboxRaceTests(MySqlServer server) : SqlInboxRaceConformance
{
    private const string Create = "ON DUPLICATE KEY UPDATE event_id";
    private const string Take = "deliveries = deliveries + (unfinished = 0)";

    private protected override async Task<SqlInboxHarness> CreateHarnessAsync() => await MySqlInboxHarness.CreateAsync(server);

    [Theory]
    [InlineData(WireProxy.Moment.NotSent)]
    [InlineData(WireProxy.Moment.Sent)]
    [InlineData(WireProxy.Moment.Answered)]
    public async Task A_claim_whose_answer_is_lost_is_ours_and_counts_once(WireProxy.Moment moment)
    {
        Proxy.CutOnce(Create, moment);
        var claim = await ClaimAsync(Repository);
        Assert.Equal((1, 1), (claim.Deliveries, (await Store.Repository.FindAsync("billing", "e-1", Ct))!.Deliveries));
        Assert.True(await Repository.MarkFailedAsync(claim, ErrorCodes.HandlerFailed, "no", Ct));

        Proxy.CutOnce(Take, moment);
        var second = await ClaimAsync(Repository);
        Assert.Equal((2, 2), (second.Deliveries, (await Store.Repository.FindAsync("billing", "e-1", Ct))!.Deliveries));
        Assert.True(await Repository.MarkProcessedAsync(second, Ct));
    }

    [Theory]
    [InlineData(WireProxy.Moment.Sent)]
    [InlineData(WireProxy.Moment.Answered)]
    public async Task A_start_whose_answer_is_lost_counts_once(WireProxy.Moment moment)
    {
        await ClaimAsync(Repository);
        await Store.PassAsync(TimeSpan.FromMinutes(2));
        var again = await ClaimAsync(Repository);
        Proxy.CutOnce("begun_token <=>", moment);
        Assert.True(await Repository.StartAsync(again, TimeSpan.FromMinutes(1), Ct));
        var record = await Store.Repository.FindAsync("billing", "e-1", Ct);
        Assert.Equal((2, 2), (record!.Deliveries, record.Unfinished));
    }

    [Fact]
    public async Task A_record_that_is_gone_when_it_is_to_be_claimed_is_claimed_in_the_next_round()
    {
        Assert.True(await Repository.MarkFailedAsync(await ClaimAsync(Repository), ErrorCodes.HandlerFailed, "no", Ct));
        Proxy.Once(Take, WireProxy.Moment.NotSent, _ => Store.DeleteAsync("billing", "e-1"));
        Assert.Equal(1, (await ClaimAsync(Repository)).Deliveries);
    }

    [Fact]
    public async Task A_record_that_another_takes_when_it_is_to_be_claimed_is_in_progress()
    {
        Assert.True(await Repository.MarkFailedAsync(await ClaimAsync(Repository), ErrorCodes.HandlerFailed, "no", Ct));
        InboxClaim.Claimed? other = null;
        Proxy.Once(Take, WireProxy.Moment.NotSent, async _ => other = await ClaimAsync(Store.Repository));
        Assert.IsType<InboxClaim.InProgress>(await TryClaimAsync(Repository));
        Assert.Equal(2, other!.Deliveries);
        Assert.True(await Repository.MarkProcessedAsync(other, Ct));
    }
}
