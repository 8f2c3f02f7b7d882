using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Operations;
using Relaybox.Shared.Tests.Support;

namespace Relaybox.Shared.Tests.Conformance;

/// <summary>What operators can do with the inbox of every store: derive, and say which store it is.</summary>
public abstract class InboxOperationsConformance : InboxConformance
{
    private const string Consumer = "billing";
    private const int MaxAttempts = 2;

    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);

    private static readonly InboxKey Key = new(Consumer, "e-1");

    private IInboxOperations Operations => Assert.IsType<IInboxOperations>(Store.Repository, exactMatch: false);

    [Fact]
    public async Task A_message_whose_attempts_are_used_up_gets_them_back()
    {
        for (var i = 0; i < MaxAttempts; i++)
        {
            await FailAsync();
        }

        Assert.IsType<InboxClaim.Exhausted>(await ClaimAsync());
        await Operations.GiveAttemptsBackAsync(Key, Ct);
        await Operations.GiveAttemptsBackAsync(Key, Ct);

        var record = (await Store.Repository.FindAsync(Key, Ct))!;
        Assert.Equal((InboxStatus.Failed, 0, 0), (record.Status, record.Deliveries, record.Unfinished));
        var claim = Assert.IsType<InboxClaim.Claimed>(await ClaimAsync());
        Assert.Equal((1, 0), (claim.Deliveries, claim.Unfinished));
        Assert.True(await Store.Repository.MarkProcessedAsync(claim, Ct));
    }

    [Fact]
    public async Task A_message_whose_attempts_never_ended_gets_them_back()
    {
        for (var i = 0; i < InboxClaim.MaxUnfinished; i++)
        {
            var claim = Assert.IsType<InboxClaim.Claimed>(await ClaimAsync(attempts: 100));
            Assert.True(i == 0 || await Store.Repository.StartAsync(claim, Lease, Ct));
            await Store.PassAsync(Lease + TimeSpan.FromSeconds(1));
        }

        Assert.Equal(InboxClaim.MaxUnfinished, Assert.IsType<InboxClaim.Exhausted>(await ClaimAsync(attempts: 100)).Unfinished);
        await Store.PassAsync(TimeSpan.FromHours(1));
        Assert.Equal(1, (await Store.Repository.ResetStaleAsync(TimeSpan.FromMinutes(1), null, 100, Ct)).Affected);
        await Operations.GiveAttemptsBackAsync(Key, Ct);
        Assert.Equal(0, Assert.IsType<InboxClaim.Claimed>(await ClaimAsync(attempts: 100)).Unfinished);
    }

    [Fact]
    public async Task A_message_that_is_in_hand_is_not_changed()
    {
        await FailAsync();
        var claim = Assert.IsType<InboxClaim.Claimed>(await ClaimAsync());
        await Operations.GiveAttemptsBackAsync(Key, Ct);
        Assert.Equal(2, (await Store.Repository.FindAsync(Key, Ct))!.Deliveries);
        Assert.True(await Store.Repository.MarkProcessedAsync(claim, Ct));
    }

    [Fact]
    public async Task A_message_that_is_processed_is_never_handled_again()
    {
        Assert.True(await Store.Repository.MarkProcessedAsync(Assert.IsType<InboxClaim.Claimed>(await ClaimAsync()), Ct));
        await Operations.GiveAttemptsBackAsync(Key, Ct);
        Assert.IsType<InboxClaim.AlreadyProcessed>(await ClaimAsync());
    }

    [Fact]
    public async Task A_message_that_nobody_knows_gets_no_record()
    {
        await Operations.GiveAttemptsBackAsync(Key, Ct);
        Assert.Null(await Store.Repository.FindAsync(Key, Ct));
    }

    private async Task<InboxClaim> ClaimAsync(int attempts = MaxAttempts) =>
        Assert.Single(await Store.Repository.ClaimAsync(Consumer, [Sample.Message("e-1")], Lease, attempts, Ct));

    private async Task FailAsync() => Assert.True(await Store.Repository.MarkFailedAsync(
        Assert.IsType<InboxClaim.Claimed>(await ClaimAsync()), ErrorCodes.HandlerFailed, "no", Ct));
}
