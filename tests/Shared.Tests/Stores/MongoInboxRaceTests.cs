using Microsoft.Extensions.Logging.Abstractions;
using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Shared.Tests.Inbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Lost connections and answers, and records that change meanwhile.</summary>
public sealed class MongoInboxRaceTests(MongoDbServer server) : MongoInboxThroughProxy(server)
{
    private const string Claim = "receivedAt";

    // Only what reads why a claim was refused asks for the hash by name and does not write it.
    private const string Refusal = "projection";

    [Theory]
    [InlineData(MongoProxy.Moment.NotSent)]
    [InlineData(MongoProxy.Moment.Sent)]
    [InlineData(MongoProxy.Moment.Answered)]
    public async Task A_claim_whose_answer_is_lost_is_ours_and_counts_once(MongoProxy.Moment moment)
    {
        Proxy.CutOnce(Claim, moment);
        var claim = await ClaimAsync(Repository);
        Assert.Equal((1, 1), (claim.Deliveries, Proxy.Met));
        Assert.True(await Repository.MarkProcessedAsync(claim, Ct));
    }

    [Fact]
    public async Task A_claim_whose_answers_are_lost_for_longer_than_the_driver_tries_is_ours_and_counts_once()
    {
        Proxy.CutAlways(Claim, MongoProxy.Moment.Answered);
        var claiming = ClaimAsync(Repository);
        await Eventually.TrueAsync(() => Proxy.Met >= 3, "it is tried again");
        Proxy.Heal();
        var claim = await claiming;
        Assert.Equal(1, claim.Deliveries);
        Assert.True(await Repository.MarkProcessedAsync(claim, Ct));
    }

    [Theory]
    [InlineData(MongoProxy.Moment.Sent)]
    [InlineData(MongoProxy.Moment.Answered)]
    public async Task A_mark_whose_answer_is_lost_held_all_the_same(MongoProxy.Moment moment)
    {
        var processed = await ClaimAsync(Repository);
        Proxy.CutOnce("processedAt", moment);
        Assert.True(await Repository.MarkProcessedAsync(processed, Ct));

        var failed = await ClaimAsync(Repository, "e-2");
        Proxy.CutOnce(ErrorCodes.HandlerFailed, moment);
        Assert.True(await Repository.MarkFailedAsync(failed, ErrorCodes.HandlerFailed, "no", Ct));
        Assert.Equal(1, (await Store.Repository.FindAsync("billing", "e-2", Ct))!.Deliveries);
        Assert.Equal(InboxStatus.Processed, (await Store.Repository.FindAsync("billing", "e-1", Ct))!.Status);
        Assert.Equal(2, Proxy.Met);
    }

    [Theory]
    [InlineData(MongoProxy.Moment.Sent)]
    [InlineData(MongoProxy.Moment.Answered)]
    public async Task A_start_whose_answer_is_lost_is_counted_once(MongoProxy.Moment moment)
    {
        await ClaimAsync(Repository);
        await Store.PassAsync(TimeSpan.FromMinutes(2));
        var claim = await ClaimAsync(Repository);
        Proxy.CutOnce("begunToken", moment);
        Assert.True(await Repository.StartAsync(claim, TimeSpan.FromMinutes(1), Ct));
        Assert.Equal((2, 1), ((await Store.Repository.FindAsync("billing", "e-1", Ct))!.Deliveries, Proxy.Met));
    }

    [Fact]
    public async Task A_record_that_is_gone_when_its_refusal_is_to_be_read_is_claimed_in_the_next_round()
    {
        Assert.True(await Repository.MarkProcessedAsync(await ClaimAsync(Repository), Ct));
        Proxy.Once(Refusal, MongoProxy.Moment.NotSent, _ => Store.DeleteAsync("billing", "e-1"));
        Assert.Equal((1, 1), ((await ClaimAsync(Repository)).Deliveries, Proxy.Met));
    }

    [Fact]
    public async Task A_record_whose_lease_ends_when_its_refusal_is_to_be_read_is_claimed_in_the_next_round()
    {
        await ClaimAsync(Repository);
        Proxy.Once(Refusal, MongoProxy.Moment.NotSent, _ => Store.PassAsync(TimeSpan.FromMinutes(2)));
        Assert.Equal((2, 1), ((await ClaimAsync(Repository)).Deliveries, Proxy.Met));
    }

    [Fact]
    public async Task A_failed_record_that_is_claimed_again_while_a_cleanup_looks_at_it_stays()
    {
        Assert.True(await Repository.MarkFailedAsync(await ClaimAsync(Repository), ErrorCodes.HandlerFailed, "no", Ct));
        await Store.PassAsync(TimeSpan.FromDays(2));
        Proxy.Once("deletes", MongoProxy.Moment.NotSent, _ => ClaimAsync(Store.Repository));
        var processed = await Repository.CleanupAsync(TimeSpan.FromDays(1), TimeSpan.FromDays(1), null, 10, Ct);

        var failed = await Repository.CleanupAsync(TimeSpan.FromDays(1), TimeSpan.FromDays(1), processed.Cursor, 10, Ct);

        Assert.Equal((0, 0, 1), (processed.Affected, failed.Affected, Proxy.Met));
        var record = (await Store.Repository.FindAsync("billing", "e-1", Ct))!;
        Assert.Equal((InboxStatus.Processing, 2), (record.Status, record.Deliveries));
    }

    [Fact]
    public async Task A_lease_that_was_renewed_keeps_others_from_the_record_whose_own_lease_has_ended()
    {
        var claim = await ClaimAsync(Repository);
        Assert.True(await Repository.RenewAsync(claim, TimeSpan.FromMinutes(5), Ct));
        await Store.PassAsync(TimeSpan.FromMinutes(2));
        var until = Assert.IsType<InboxClaim.InProgress>(await TryClaimAsync(Repository)).Until;
        Assert.InRange(until, Store.Now + TimeSpan.FromMinutes(2), Store.Now + TimeSpan.FromMinutes(3));
        Assert.Equal(0, (await Repository.ResetStaleAsync(TimeSpan.Zero, null, 10, Ct)).Affected);

        await Store.PassAsync(TimeSpan.FromMinutes(4));
        var second = await ClaimAsync(Repository);
        Assert.Equal(2, second.Deliveries);

        // The first one's renewal says nothing of the second one's lease.
        Assert.False(await Repository.RenewAsync(claim, TimeSpan.FromMinutes(50), Ct));
        await Store.PassAsync(TimeSpan.FromMinutes(2));
        await ClaimAsync(Repository);
    }
}
