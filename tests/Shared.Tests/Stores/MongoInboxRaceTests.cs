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

/// <summary>Lost connections and answers, restarts, and many workers at once.</summary>
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

    [Fact]
    public async Task Claims_of_an_id_that_is_deleted_again_and_again_are_all_answered()
    {
        using var stop = new CancellationTokenSource();
        var deleting = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await Store.DeleteAsync("billing", "e-1");
            }
        });
        var claims = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            var answers = new List<InboxClaim>();
            var repository = Store.CreateRepository();
            for (var i = 0; i < 30; i++)
            {
                answers.Add(await TryClaimAsync(repository));
                if (answers[^1] is InboxClaim.Claimed claimed && i % 2 == 0)
                {
                    await repository.MarkProcessedAsync(claimed, Ct);
                }
            }

            return answers;
        })));
        await stop.CancelAsync();
        await deleting;
        Assert.All(claims.SelectMany(answers => answers), answer => Assert.True(
            answer is InboxClaim.Claimed or InboxClaim.InProgress or InboxClaim.AlreadyProcessed, $"{answer}"));
    }

    [Fact]
    public async Task Batches_that_share_their_ids_give_each_of_them_to_one()
    {
        var ids = Enumerable.Range(0, 100).Select(i => $"e-{i}").ToArray();
        for (var round = 0; round < 3; round++)
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(() =>
            {
                var own = ids.ToArray();
                new Random(worker).Shuffle(own);
                return Store.CreateRepository().ClaimAsync(
                    $"consumer-{round}", [.. own.Select(id => Sample.Message(id))], TimeSpan.FromMinutes(1), 5, Ct);
            })));
            var claimed = answers.SelectMany(batch => batch).OfType<InboxClaim.Claimed>().Select(claim => claim.EventId).ToList();
            Assert.Equal(ids.Order(), claimed.Order());
        }
    }

    [Fact]
    public async Task Of_fifty_workers_on_one_event_one_has_the_effect()
    {
        var handler = new Handler<string>((_, context, _) =>
        {
            Store.EnlistEffect(context.Transaction, "a");
            context.Transaction.Emit(Sample.Event());
            return Task.CompletedTask;
        });
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(async () => Assert.Single(
            await new InboxConsumer(
                Store.CreateRepository(),
                new HandlerRegistry("billing").AddRaw("orders.placed", handler),
                new ConsumerOptions(),
                TimeProvider.System,
                SystemEntropy.Instance,
                NullLogger<InboxConsumer>.Instance).ConsumeAsync(
                    [Sample.Message("e-1")], WorkDeadline.After(TimeSpan.FromMinutes(1), TimeProvider.System), Ct)))));

        Assert.Single(outcomes, outcome => outcome is MessageOutcome.Processed);
        Assert.All(outcomes, outcome => Assert.True(
            outcome is MessageOutcome.Processed or MessageOutcome.Duplicate or MessageOutcome.Retry { ErrorCode: ErrorCodes.InProgressElsewhere },
            $"{outcome}"));
        Assert.Single(handler.Handled);
        Assert.Equal(1, await Store.EffectsAsync("a"));
        Assert.Equal(1, (await Store.Outbox.GetCountByStatusAsync(Ct))["pending"]);
    }

    [Fact]
    public async Task Claims_survive_the_servers_end_and_nobody_is_told_of_a_claim_that_is_not_there()
    {
        await using var fragile = await MongoDbServer.StartAsync();
        await using var store = await MongoInboxHarness.CreateAsync(fragile, enlists: false);
        var claims = Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            var repository = store.CreateRepository();
            var held = new List<InboxClaim.Claimed>();
            for (var batch = 0; batch < 20; batch++)
            {
                // Two workers on each id.
                var answers = await Eventually.ValueAsync(
                    () => TryBatchAsync(repository, worker / 2, batch),
                    answers => answers is not null,
                    "the server is back",
                    TimeSpan.FromMinutes(2));
                held.AddRange(answers!.OfType<InboxClaim.Claimed>());
            }

            return held;
        })).ToArray();
        await Eventually.TrueAsync(async () => (await store.Repository.GetCountByStatusAsync(Ct)).Values.Sum() > 300, "claims are under way");
        await fragile.StopAtOnceAsync();
        await fragile.StartAgainAsync();
        var held = (await Task.WhenAll(claims)).SelectMany(own => own).ToList();

        // A claim that a worker was told of is the record's, and no two were told of one.
        Assert.Equal(held.Count, held.Select(claim => claim.EventId).Distinct().Count());
        var tokens = (await store.Database.Raw("inbox").Find(new BsonDocument()).ToListAsync(Ct))
            .ToDictionary(record => record["_id"]["eventId"].AsString, record => record["claimToken"].AsString);
        Assert.All(held, claim => Assert.Equal(claim.Token, tokens[claim.EventId]));
        Assert.Equal(4 * 20 * 20, tokens.Count);
    }

    private static async Task<IReadOnlyList<InboxClaim>?> TryBatchAsync(IInboxRepository repository, int pair, int batch)
    {
        try
        {
            return await repository.ClaimAsync(
                "billing", [.. Enumerable.Range(0, 20).Select(i => Sample.Message($"e-{pair}-{batch}-{i}"))], TimeSpan.FromMinutes(10), 5, Ct);
        }
        catch (Exception e) when (repository.IsOutage(e))
        {
            return null;
        }
    }
}
