using System.Data.Common;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Conformance;

/// <summary>A handler's commit whose connection is lost before, in or after it.</summary>
public abstract class SqlInboxCommitConformance : SqlInboxThroughProxy
{
    /// <summary>What stands in the message of the commit alone.</summary>
    private protected abstract string Commit { get; }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_commit_whose_answer_is_lost_is_read_from_the_record(bool enlists)
    {
        var claim = await ClaimAsync(Repository);
        await using (var transaction = await Repository.BeginAsync(claim, Ct))
        {
            await WriteEffectAsync(transaction, enlists);
            transaction.Emit(Sample.Event("emitted"));

            // The server may answer each statement of the message; the client gets none of it.
            Proxy.Once(Commit, WireProxy.Moment.Answered, async wire =>
            {
                await Eventually.TrueAsync(() => Store.Repository.IsProcessedAsync("billing", "e-1", Ct), "the server has committed");
                wire.Cut();
            });
            Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        }

        await Store.AssertAllHappenedAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_commit_that_the_server_may_or_may_not_have_begun_happens_as_a_whole_or_can_be_failed(bool enlists)
    {
        var claim = await ClaimAsync(Repository);
        CommitOutcome? outcome = null;
        await using (var transaction = await Repository.BeginAsync(claim, Ct))
        {
            await WriteEffectAsync(transaction, enlists);
            transaction.Emit(Sample.Event("emitted"));
            Proxy.CutOnce(Commit, WireProxy.Moment.Sent);
            try
            {
                outcome = await transaction.CommitAsync(Ct);
            }
            catch (DbException)
            {
                // The record was read before the server came to it.
            }
        }

        if (outcome is null && await Repository.MarkFailedAsync(claim, ErrorCodes.HandlerFailed, "no", Ct))
        {
            await Store.NothingIsUnderWayAsync();
            await Store.AssertNothingHappenedAsync(InboxStatus.Failed);
        }
        else
        {
            Assert.True(outcome is null or CommitOutcome.Committed, $"{outcome}");
            await Store.AssertAllHappenedAsync();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_commit_that_never_reached_the_server_is_no_success_and_the_attempt_can_be_failed(bool enlists)
    {
        var claim = await ClaimAsync(Repository);
        await using (var transaction = await Repository.BeginAsync(claim, Ct))
        {
            await WriteEffectAsync(transaction, enlists);
            Proxy.CutOnce(Commit, WireProxy.Moment.NotSent);
            await Assert.ThrowsAnyAsync<DbException>(() => transaction.CommitAsync(Ct));
        }

        Assert.Equal(0, await Store.EffectsAsync("a"));
        Assert.True(await Repository.MarkFailedAsync(claim, ErrorCodes.HandlerFailed, "no", Ct));
        Assert.Equal(2, (await ClaimAsync(Repository)).Deliveries);
    }

    [Fact]
    public async Task A_connection_that_the_server_ends_in_the_midst_of_a_handler_commits_nothing()
    {
        var claim = await ClaimAsync(Repository);
        await using (var transaction = await Repository.BeginAsync(claim, Ct))
        {
            await Store.EnlistEffectAsync(transaction, "a");
            await Store.EndConnectionAsync(Store.ConnectionOf(await Store.GetTransactionAsync(transaction, Ct)));
            await Assert.ThrowsAnyAsync<Exception>(() => transaction.CommitAsync(Ct));
        }

        Assert.Equal(0, await Store.EffectsAsync("a"));
        Assert.True(await Repository.MarkFailedAsync(claim, ErrorCodes.HandlerFailed, "no", Ct));
    }

    private protected Task WriteEffectAsync(IMessageTransaction transaction, bool enlists)
    {
        if (!enlists)
        {
            return Store.EnlistEffectAsync(transaction, "a");
        }

        Store.Enlist(transaction, "INSERT INTO {{schema}}.effects VALUES ('a', 1)");
        return Task.CompletedTask;
    }
}
