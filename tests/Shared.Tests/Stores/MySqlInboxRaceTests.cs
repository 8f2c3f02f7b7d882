using Microsoft.Extensions.Logging.Abstractions;
using MySqlConnector;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Shared.Tests.Inbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Lost connections and answers, restarts, and many workers at once.</summary>
public sealed class MySqlInboxRaceTests(MySqlServer server) : MySqlInboxThroughProxy(server)
{
    private const string Create = "ON DUPLICATE KEY UPDATE event_id";
    private const string Take = "deliveries = deliveries + (unfinished = 0)";

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
    public async Task A_record_that_is_being_deleted_while_it_is_claimed_is_claimed_as_new()
    {
        Assert.True(await Repository.MarkProcessedAsync(await ClaimAsync(Repository), Ct));
        await using var connection = await Store.Schema.DataSource.OpenConnectionAsync(Ct);
        await using var deleting = await connection.BeginTransactionAsync(Ct);
        await using (var command = new MySqlCommand(Store.Schema.Fill("DELETE FROM {{inbox}}"), connection, deleting))
        {
            await command.ExecuteNonQueryAsync(Ct);
        }

        var claiming = TryClaimAsync(Repository);
        await Store.SomebodyWaitsAsync("INSERT INTO {{inbox}}");
        await deleting.CommitAsync(Ct);

        Assert.Equal(1, Assert.IsType<InboxClaim.Claimed>(await claiming).Deliveries);
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
        var claims = await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            var answers = new List<InboxClaim>();
            var repository = Store.CreateRepository();
            for (var i = 0; i < 50; i++)
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
    public async Task Batches_that_share_their_ids_are_claimed_once_each()
    {
        var ids = Enumerable.Range(0, 100).Select(i => $"e-{i}").ToArray();
        for (var round = 0; round < 5; round++)
        {
            // The second half of the rounds takes what has failed before.
            var consumer = $"consumer-{round}";
            for (var attempt = 1; attempt <= 2; attempt++)
            {
                var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(() =>
                {
                    var own = ids.ToArray();
                    new Random(worker).Shuffle(own);
                    return Store.CreateRepository().ClaimAsync(consumer, [.. own.Select(id => Sample.Message(id))], TimeSpan.FromMinutes(1), 5, Ct);
                })));
                var claims = answers.SelectMany(batch => batch).OfType<InboxClaim.Claimed>().ToList();
                Assert.Equal(ids.Order(), claims.Select(claim => claim.EventId).Order());
                Assert.All(claims, claim => Assert.Equal(attempt, claim.Deliveries));
                await Task.WhenAll(claims.Select(claim => Store.Repository.MarkFailedAsync(claim, ErrorCodes.HandlerFailed, "no", Ct)));
            }
        }
    }

    [Fact]
    public async Task Of_fifty_workers_on_one_event_one_has_the_effect()
    {
        var handler = new Handler<string>(async (_, context, _) =>
        {
            await Store.EnlistEffectAsync(context.Transaction, "a");
            context.Transaction.Emit(Sample.Event());
        });
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 50).Select(worker => Task.Run(async () => Assert.Single(
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
    public async Task Claims_survive_the_servers_immediate_restart_and_nobody_is_told_of_a_claim_that_is_not_there()
    {
        await using var fragile = await MySqlServer.StartAsync();
        await using var store = await MySqlInboxHarness.CreateAsync(fragile);
        var claims = Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            var repository = store.CreateRepository();
            var held = new List<InboxClaim.Claimed>();
            for (var batch = 0; batch < 30; batch++)
            {
                // Two workers on each id.
                var answers = await Eventually.ValueAsync(
                    () => TryBatchAsync(repository, worker / 2, batch), answers => answers is not null, "the server is back");
                held.AddRange(answers!.OfType<InboxClaim.Claimed>());
            }

            return held;
        })).ToArray();
        await Eventually.TrueAsync(async () => await CountAsync(store) > 500, "claims are under way");
        await fragile.CrashAndRestartAsync();
        var held = (await Task.WhenAll(claims)).SelectMany(own => own).ToList();

        // A claim that a worker was told of is the record's, and no two were told of one.
        Assert.Equal(held.Count, held.Select(claim => claim.EventId).Distinct().Count());
        var tokens = (await store.Schema.QueryAsync("SELECT event_id, claim_token FROM {{inbox}}"))
            .ToDictionary(row => row["event_id"], row => row["claim_token"]);
        Assert.All(held, claim => Assert.Equal(claim.Token, tokens[claim.EventId]));
        Assert.Equal(4 * 30 * 20, tokens.Count);
    }

    private static async Task<IReadOnlyList<InboxClaim>?> TryBatchAsync(IInboxRepository repository, int pair, int batch)
    {
        try
        {
            return await repository.ClaimAsync(
                "billing", [.. Enumerable.Range(0, 20).Select(i => Sample.Message($"e-{pair}-{batch}-{i}"))], TimeSpan.FromMinutes(10), 5, Ct);
        }
        catch (MySqlException)
        {
            return null;
        }
    }

    private static async Task<long> CountAsync(MySqlInboxHarness store) =>
        (await store.Repository.GetCountByStatusAsync(Ct)).Values.Sum();
}
