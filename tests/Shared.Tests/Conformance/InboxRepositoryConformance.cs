using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Shared.Tests.Support;

namespace Relaybox.Shared.Tests.Conformance;

/// <summary>
/// What every inbox does, whatever its store: derive, and make a harness. Here: who may handle a message. Completion and
/// maintenance are in the other parts.
/// </summary>
public abstract partial class InboxRepositoryConformance : InboxConformance
{
    protected const string Consumer = "billing";
    protected const int MaxAttempts = 5;

    protected static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);

    private IInboxRepository Repository => Store.Repository;

    [Fact]
    public async Task A_new_message_is_claimed_and_remembered()
    {
        var claim = await ClaimAsync("e-1");

        Assert.Equal((Consumer, "e-1", 1), (claim.Consumer, claim.EventId, claim.Deliveries));
        var record = await Repository.FindAsync(Consumer, "e-1", Ct);
        Assert.Equal((InboxStatus.Processing, 1, "orders.placed"), (record!.Status, record.Deliveries, record.Subject));
        Assert.InRange(record.ReceivedAt!.Value, Store.Now - TimeSpan.FromMinutes(1), Store.Now);
        Assert.InRange(record.LeaseUntil!.Value, Store.Now, Store.Now + Lease);
        Assert.False(await Repository.IsProcessedAsync(Consumer, "e-1", Ct));
    }

    [Fact]
    public async Task Where_a_message_came_from_is_remembered()
    {
        await Repository.ClaimAsync(
            Consumer, [Sample.Message("e-1") with { Stream = "ORDERS", StreamSequence = 7_000_000_000 }], Lease, MaxAttempts, Ct);
        var record = await Repository.FindAsync(Consumer, "e-1", Ct);
        Assert.Equal(("ORDERS", 7_000_000_000L), (record!.Stream, record.StreamSequence));
    }

    [Fact]
    public async Task A_message_that_nobody_has_seen_has_no_record()
    {
        Assert.Null(await Repository.FindAsync(Consumer, "nobody", Ct));
        Assert.False(await Repository.IsProcessedAsync(Consumer, "nobody", Ct));
    }

    [Fact]
    public async Task A_batch_is_answered_in_its_own_order()
    {
        await ProcessAsync("done");
        await ClaimAsync("busy");
        await ClaimAsync("taken");

        var answers = await Repository.ClaimAsync(
            Consumer,
            [Sample.Message("new-1"), Sample.Message("done"), Sample.Message("busy"), Sample.Message("taken", "other"), Sample.Message("new-2")],
            Lease,
            MaxAttempts,
            Ct);

        Assert.Equal("new-1", Assert.IsType<InboxClaim.Claimed>(answers[0]).EventId);
        Assert.IsType<InboxClaim.AlreadyProcessed>(answers[1]);
        Assert.IsType<InboxClaim.InProgress>(answers[2]);
        Assert.IsType<InboxClaim.Conflict>(answers[3]);
        Assert.Equal("new-2", Assert.IsType<InboxClaim.Claimed>(answers[4]).EventId);
        Assert.Equal(5, answers.Count);
        Assert.Empty(await Repository.ClaimAsync(Consumer, [], Lease, MaxAttempts, Ct));
    }

    [Fact]
    public async Task A_large_batch_is_claimed_whole()
    {
        var messages = Enumerable.Range(0, 120).Select(i => Sample.Message($"e-{i}")).ToList();
        var answers = await Repository.ClaimAsync(Consumer, messages, Lease, MaxAttempts, Ct);
        Assert.Equal(
            messages.Select(message => message.Event.EventId), answers.Cast<InboxClaim.Claimed>().Select(claim => claim.EventId));
    }

    [Fact]
    public async Task Of_two_workers_of_one_consumer_at_the_same_moment_one_gets_the_event()
    {
        var answers = await AtOnceAsync(12, _ => TryClaimAsync("e-1", Store.CreateRepository()));

        var winner = Assert.Single(answers.OfType<InboxClaim.Claimed>());
        Assert.Equal(1, winner.Deliveries);
        Assert.All(answers, answer => Assert.True(answer is InboxClaim.Claimed or InboxClaim.InProgress, $"{answer}"));
        Assert.True(await Repository.MarkProcessedAsync(winner, Ct));
    }

    [Fact]
    public async Task Of_fifty_copies_of_each_of_two_hundred_events_at_once_one_is_handled()
    {
        string[] ids = [.. Enumerable.Range(0, 200).Select(i => $"e-{i:D3}")];
        var answers = await AtOnceAsync(50, worker => Task.Run(
            async () =>
            {
                var repository = Store.CreateRepository();
                var order = ids.ToArray();
                new Random(worker).Shuffle(order);
                var won = new List<string>();
                foreach (var batch in order.Chunk(50))
                {
                    var claims = await repository.ClaimAsync(Consumer, [.. batch.Select(id => Sample.Message(id))], Lease, MaxAttempts, Ct);
                    foreach (var claim in claims.OfType<InboxClaim.Claimed>())
                    {
                        Assert.True(await repository.MarkProcessedAsync(claim, Ct));
                        won.Add(claim.EventId);
                    }
                }

                return won;
            },
            Ct));

        Assert.Equal(ids, answers.SelectMany(won => won).Order(StringComparer.Ordinal));
        Assert.Equal(200, (await Repository.GetCountByStatusAsync(Ct))["processed"]);
    }

    [Fact]
    public async Task Two_consumers_of_one_event_at_the_same_moment_both_get_it()
    {
        string[] consumers = ["billing", "shipping", "mail"];
        var answers = await AtOnceAsync(3, i => TryClaimAsync("e-1", Store.CreateRepository(), consumers[i]));

        Assert.Equal(consumers, answers.Cast<InboxClaim.Claimed>().Select(claim => claim.Consumer));
        Assert.True(await Repository.MarkProcessedAsync((InboxClaim.Claimed)answers[0], Ct));
        Assert.True(await Repository.IsProcessedAsync("billing", "e-1", Ct));
        Assert.False(await Repository.IsProcessedAsync("shipping", "e-1", Ct));
        Assert.True(await Repository.MarkFailedAsync((InboxClaim.Claimed)answers[1], ErrorCodes.HandlerFailed, "no", Ct));
        Assert.True(await Repository.MarkProcessedAsync((InboxClaim.Claimed)answers[2], Ct));
    }

    private static InboxMessage Replay(string replayId) => Sample.Message(Sample.Event("e-1") with { ReplayId = replayId });

    [Fact]
    public async Task A_replay_is_handled_again_once_beside_the_record_of_the_events_own_publication()
    {
        await ProcessAsync("e-1");
        var replay = Replay("replay-1");
        var key = new InboxKey(Consumer, "e-1", "replay-1");

        Assert.Null(await Repository.FindAsync(key, Ct));
        var answers = await Repository.ClaimAsync(
            Consumer, [Sample.Message("e-1"), replay, Replay("replay-2")], Lease, MaxAttempts, Ct);
        Assert.IsType<InboxClaim.AlreadyProcessed>(answers[0]);
        var claims = answers.Skip(1).Cast<InboxClaim.Claimed>().ToArray();
        Assert.Equal([key, key with { ReplayId = "replay-2" }], claims.Select(claim => claim.Key));
        Assert.IsType<InboxClaim.InProgress>(await TryClaimAsync(replay));
        Assert.True(await Repository.RenewAsync(claims[0], Lease, Ct));
        Assert.True(await Repository.MarkProcessedAsync(claims[0], Ct));
        Assert.IsType<InboxClaim.AlreadyProcessed>(await TryClaimAsync(replay));
        Assert.Equal((InboxStatus.Processed, InboxStatus.Processing), (
            (await Repository.FindAsync(key, Ct))!.Status, (await Repository.FindAsync(claims[1].Key, Ct))!.Status));

        await using (var transaction = await Repository.BeginAsync(claims[1], Ct))
        {
            Store.EnlistEffect(transaction, "replayed");
            Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        }

        Assert.Equal(1, await Store.EffectsAsync("replayed"));
        Assert.Equal(3, (await Repository.GetCountByStatusAsync(Ct))["processed"]);
        await Store.PassAsync(TimeSpan.FromDays(2));
        Assert.Equal(3, (await Repository.CleanupAsync(TimeSpan.FromDays(1), TimeSpan.FromDays(1), null, 100, Ct)).Affected);
        Assert.Null(await Repository.FindAsync(key, Ct));
    }

    [Fact]
    public async Task A_message_in_progress_says_until_when()
    {
        await ClaimAsync("e-1");
        var inProgress = Assert.IsType<InboxClaim.InProgress>(await TryClaimAsync("e-1", Store.CreateRepository()));
        Assert.InRange(inProgress.Until, Store.Now, Store.Now + Lease);
        Assert.Equal(1, (await Repository.FindAsync(Consumer, "e-1", Ct))!.Deliveries);
    }

    [Fact]
    public async Task Deliveries_count_up_with_every_attempt()
    {
        var first = await ClaimAsync("e-1");
        Assert.True(await Repository.MarkFailedAsync(first, ErrorCodes.HandlerFailed, "no", Ct));
        Assert.Equal(2, (await ClaimAsync("e-1")).Deliveries);
        await Store.PassAsync(Lease + TimeSpan.FromSeconds(1));
        var third = await ClaimAsync("e-1");
        Assert.Equal(3, third.Deliveries);
        Assert.True(await Repository.StartAsync(third, Lease, Ct));
        Assert.True(await Repository.MarkProcessedAsync(third, Ct));
        Assert.Equal(3, (await Repository.FindAsync(Consumer, "e-1", Ct))!.Deliveries);
    }

    [Fact]
    public async Task A_failed_message_can_be_claimed_again_and_a_processed_one_never()
    {
        var claim = await ClaimAsync("e-1");
        Assert.True(await Repository.MarkFailedAsync(claim, ErrorCodes.HandlerFailed, "no", Ct));
        var again = await ClaimAsync("e-1", Store.CreateRepository());
        Assert.True(await Repository.MarkProcessedAsync(again, Ct));
        var before = await Store.ReadAsync(Consumer, "e-1");

        Assert.IsType<InboxClaim.AlreadyProcessed>(await TryClaimAsync("e-1"));
        await Store.PassAsync(TimeSpan.FromDays(15));
        Assert.IsType<InboxClaim.AlreadyProcessed>(await TryClaimAsync("e-1", Store.CreateRepository()));
        Assert.Equal(before, await Store.ReadAsync(Consumer, "e-1"));
    }

    [Fact]
    public async Task Many_workers_that_take_over_a_failed_message_win_it_once()
    {
        Assert.True(await Repository.MarkFailedAsync(await ClaimAsync("e-1"), ErrorCodes.HandlerFailed, "no", Ct));
        var answers = await AtOnceAsync(10, _ => TryClaimAsync("e-1", Store.CreateRepository()));
        Assert.Equal(2, Assert.Single(answers.OfType<InboxClaim.Claimed>()).Deliveries);
    }

    [Fact]
    public async Task Many_workers_that_take_over_an_ended_lease_win_it_once()
    {
        var dead = await ClaimAsync("e-1");
        await Store.PassAsync(Lease + TimeSpan.FromSeconds(1));
        var answers = await AtOnceAsync(10, _ => TryClaimAsync("e-1", Store.CreateRepository()));
        var winner = Assert.Single(answers.OfType<InboxClaim.Claimed>());
        Assert.Equal(2, winner.Deliveries);
        Assert.NotEqual(dead.Token, winner.Token);
    }

    [Fact]
    public async Task A_message_is_exhausted_after_its_last_attempt_failed()
    {
        for (var i = 1; i <= 3; i++)
        {
            Assert.True(await Repository.MarkFailedAsync(await ClaimAsync("e-1", maxAttempts: 3), ErrorCodes.HandlerFailed, "no", Ct));
        }

        Assert.Equal(3, Assert.IsType<InboxClaim.Exhausted>(await TryClaimAsync("e-1", maxAttempts: 3)).Deliveries);
        Assert.Equal(InboxStatus.Failed, (await Repository.FindAsync(Consumer, "e-1", Ct))!.Status);
        Assert.Equal(4, (await ClaimAsync("e-1", maxAttempts: 4)).Deliveries);
    }

    [Fact]
    public async Task A_message_is_exhausted_after_its_last_attempt_died()
    {
        await ClaimAsync("e-1", maxAttempts: 1);
        Assert.IsType<InboxClaim.InProgress>(await TryClaimAsync("e-1", maxAttempts: 1));
        await Store.PassAsync(Lease + TimeSpan.FromSeconds(1));
        Assert.Equal(1, Assert.IsType<InboxClaim.Exhausted>(await TryClaimAsync("e-1", maxAttempts: 1)).Deliveries);
    }

    [Fact]
    public async Task A_claim_tells_how_many_attempts_never_ended()
    {
        Assert.Equal(0, (await ClaimAsync("e-1")).Unfinished);
        await Store.PassAsync(Lease + TimeSpan.FromSeconds(1));
        var second = await ClaimAsync("e-1");
        Assert.Equal((2, 1), (second.Deliveries, second.Unfinished));
        Assert.Equal(1, (await Repository.FindAsync(Consumer, "e-1", Ct))!.Unfinished);
        Assert.True(await Repository.StartAsync(second, Lease, Ct));
        Assert.True(await Repository.StartAsync(second, Lease, Ct));
        Assert.Equal(2, (await Repository.FindAsync(Consumer, "e-1", Ct))!.Unfinished);

        Assert.True(await Repository.MarkFailedAsync(second, ErrorCodes.HandlerFailed, "no", Ct));
        var third = await ClaimAsync("e-1");
        Assert.Equal((3, 1), (third.Deliveries, third.Unfinished));
        Assert.True(await Repository.ReleaseAsync(third, ErrorCodes.NoTimeLeft, "no", Ct));
        var again = await ClaimAsync("e-1");
        Assert.Equal((3, 1), (again.Deliveries, again.Unfinished));
    }

    [Fact]
    public async Task What_began_three_times_and_never_ended_is_exhausted_whatever_its_attempts()
    {
        for (var i = 0; i < 3; i++)
        {
            var claim = await ClaimAsync("e-1", maxAttempts: 100);
            Assert.Equal(i, claim.Unfinished);
            Assert.True(i == 0 || await Repository.StartAsync(claim, Lease, Ct));
            await Store.PassAsync(Lease + TimeSpan.FromSeconds(1));
        }

        var exhausted = Assert.IsType<InboxClaim.Exhausted>(await TryClaimAsync("e-1", maxAttempts: 100));
        Assert.Equal((3, 3), (exhausted.Deliveries, exhausted.Unfinished));
    }

    [Fact]
    public async Task Claims_that_never_began_do_not_count_after_the_first()
    {
        for (var i = 0; i < 6; i++)
        {
            var claim = await ClaimAsync("e-1", maxAttempts: 2);
            Assert.Equal(i == 0 ? (1, 0) : (2, 1), (claim.Deliveries, claim.Unfinished));
            await Store.PassAsync(Lease + TimeSpan.FromSeconds(1));
        }

        Assert.True(await Repository.MarkProcessedAsync(await ClaimAsync("e-1", maxAttempts: 2), Ct));
    }

    [Fact]
    public async Task An_ended_claim_that_was_reset_never_ended_all_the_same()
    {
        await ClaimAsync("e-1");
        await Store.PassAsync(Lease + TimeSpan.FromSeconds(1));
        Assert.Equal(1, (await Repository.ResetStaleAsync(TimeSpan.Zero, null, 10, Ct)).Affected);
        Assert.Equal(1, (await ClaimAsync("e-1")).Unfinished);
    }

    [Fact]
    public async Task A_renewed_claim_holds_on_from_now()
    {
        var claim = await ClaimAsync("e-1");
        await Store.PassAsync(Lease * 0.75);
        Assert.True(await Repository.RenewAsync(claim, Lease, Ct));
        await Store.PassAsync(Lease * 0.75);
        Assert.IsType<InboxClaim.InProgress>(await TryClaimAsync("e-1", Store.CreateRepository()));
        Assert.True(await Repository.MarkProcessedAsync(claim, Ct));
    }

    [Fact]
    public async Task A_claim_that_is_anothers_or_over_cannot_be_renewed()
    {
        var late = await ClaimAsync("e-1");
        await Store.PassAsync(Lease + TimeSpan.FromSeconds(1));
        var winner = await ClaimAsync("e-1", Store.CreateRepository());
        var before = await Store.ReadAsync(Consumer, "e-1");
        Assert.False(await Repository.RenewAsync(late, Lease, Ct));
        Assert.False(await Repository.StartAsync(late, Lease, Ct));
        Assert.Equal(before, await Store.ReadAsync(Consumer, "e-1"));

        Assert.True(await Repository.MarkProcessedAsync(winner, Ct));
        before = await Store.ReadAsync(Consumer, "e-1");
        Assert.False(await Repository.RenewAsync(winner, Lease, Ct));
        Assert.Equal(before, await Store.ReadAsync(Consumer, "e-1"));
        await Store.DeleteAsync(Consumer, "e-1");
        Assert.False(await Repository.RenewAsync(winner, Lease, Ct));
        Assert.False(await Repository.StartAsync(winner, Lease, Ct));
        Assert.Null(await Store.ReadAsync(Consumer, "e-1"));
    }

    [Theory]
    [InlineData("""{"n":2}""", "orders.placed")]
    [InlineData("""{"n":1}""", "orders.cancelled")]
    public async Task The_same_id_with_another_payload_or_subject_is_a_conflict_in_every_state(string payload, string subject)
    {
        var other = Sample.Message("e-1", payload, subject);

        var claim = await ClaimAsync("e-1");
        Assert.IsType<InboxClaim.Conflict>(await TryClaimAsync(other));
        Assert.True(await Repository.MarkFailedAsync(claim, ErrorCodes.HandlerFailed, "no", Ct));
        Assert.IsType<InboxClaim.Conflict>(await TryClaimAsync(other));
        var again = await ClaimAsync("e-1");
        await Store.PassAsync(Lease + TimeSpan.FromSeconds(1));
        Assert.IsType<InboxClaim.Conflict>(await TryClaimAsync(other));
        Assert.True(await Repository.MarkProcessedAsync(again, Ct));
        Assert.IsType<InboxClaim.Conflict>(await TryClaimAsync(other));
        Assert.IsType<InboxClaim.AlreadyProcessed>(await TryClaimAsync("e-1"));
    }

    [Fact]
    public async Task A_claim_without_a_lease_holds_nobody_off()
    {
        await Store.WriteAsync(new RawRecord(Consumer, "e-1") { Status = "processing", Deliveries = 1 });
        Assert.Equal(2, (await ClaimAsync("e-1")).Deliveries);
    }

    [Fact]
    public async Task A_record_without_optional_fields_can_be_claimed()
    {
        await Store.WriteAsync(new RawRecord(Consumer, "e-1") { Status = "failed", Deliveries = 1 });
        Assert.Equal(2, (await ClaimAsync("e-1")).Deliveries);
    }

    protected static async Task<T[]> AtOnceAsync<T>(int count, Func<int, Task<T>> call)
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var calls = Enumerable.Range(0, count).Select(async i =>
        {
            await gate.Task;
            return await call(i);
        }).ToArray();
        gate.SetResult();
        return await Task.WhenAll(calls);
    }

    private protected async Task<InboxClaim> TryClaimAsync(
        string eventId, IInboxRepository? repository = null, string consumer = Consumer, int maxAttempts = MaxAttempts) =>
        Assert.Single(await (repository ?? Repository).ClaimAsync(consumer, [Sample.Message(eventId)], Lease, maxAttempts, Ct));

    private async Task<InboxClaim> TryClaimAsync(InboxMessage message) =>
        Assert.Single(await Repository.ClaimAsync(Consumer, [message], Lease, MaxAttempts, Ct));

    private protected async Task<InboxClaim.Claimed> ClaimAsync(
        string eventId, IInboxRepository? repository = null, int maxAttempts = MaxAttempts) =>
        Assert.IsType<InboxClaim.Claimed>(await TryClaimAsync(eventId, repository, maxAttempts: maxAttempts));

    private async Task ProcessAsync(string eventId) =>
        Assert.True(await Repository.MarkProcessedAsync(await ClaimAsync(eventId), Ct));
}
