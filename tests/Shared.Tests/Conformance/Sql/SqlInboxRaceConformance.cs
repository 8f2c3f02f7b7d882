using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Conformance;

/// <summary>Lost connections and answers, and records that change meanwhile.</summary>
public abstract class SqlInboxRaceConformance : SqlInboxThroughProxy
{
    [Theory]
    [InlineData(WireProxy.Moment.NotSent)]
    [InlineData(WireProxy.Moment.Sent)]
    [InlineData(WireProxy.Moment.Answered)]
    public async Task A_mark_whose_answer_is_lost_held_all_the_same(WireProxy.Moment moment)
    {
        var processed = await ClaimAsync(Repository);
        Proxy.CutOnce("status = 'processed'", moment);
        Assert.True(await Repository.MarkProcessedAsync(processed, Ct));

        var failed = await ClaimAsync(Repository, "e-2");
        Proxy.CutOnce("status = 'failed'", moment);
        Assert.True(await Repository.MarkFailedAsync(failed, ErrorCodes.HandlerFailed, "no", Ct));
        Assert.Equal(1, (await Store.Repository.FindAsync("billing", "e-2", Ct))!.Deliveries);
        Assert.Equal(InboxStatus.Processed, (await Store.Repository.FindAsync("billing", "e-1", Ct))!.Status);
    }

    [Fact]
    public async Task A_record_that_is_being_deleted_while_it_is_claimed_is_claimed_as_new()
    {
        Assert.True(await Repository.MarkProcessedAsync(await ClaimAsync(Repository), Ct));
        await using var connection = await Store.OpenAsync();
        await using var deleting = await connection.BeginTransactionAsync(Ct);
        await using (var command = connection.CreateCommand())
        {
            (command.Transaction, command.CommandText) = (deleting, Store.Fill("DELETE FROM {{inbox}}"));
            await command.ExecuteNonQueryAsync(Ct);
        }

        var claiming = TryClaimAsync(Repository);
        await Store.AClaimWaitsAsync();
        await deleting.CommitAsync(Ct);

        Assert.Equal(1, Assert.IsType<InboxClaim.Claimed>(await claiming).Deliveries);
    }
}
