using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Inbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Lost connections and answers, restarts, and many workers at once.</summary>
public sealed class PostgresInboxRaceTests(PostgresServer server) : PostgresInboxThroughProxy(server, keepsSessions: false)
{
    [Theory]
    [InlineData(PostgresProxy.Moment.NotSent)]
    [InlineData(PostgresProxy.Moment.Sent)]
    [InlineData(PostgresProxy.Moment.Answered)]
    public async Task A_claim_whose_answer_is_lost_is_ours_and_counts_once(PostgresProxy.Moment moment)
    {
        Proxy.CutOnce("_claim\"(", moment);
        var claim = await ClaimAsync(Repository);
        Assert.Equal(1, claim.Deliveries);
        Assert.True(await Repository.MarkProcessedAsync(claim, Ct));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Rows_that_come_before_the_commit_are_no_claim(bool isTold)
    {
        Proxy.Once("_claim\"(", PostgresProxy.Moment.Uncommitted, wire =>
        {
            if (isTold)
            {
                return PostgresProxy.CrashAsync(wire);
            }

            wire.Cut();
            return Task.CompletedTask;
        });
        var claim = await ClaimAsync(Repository);
        Assert.Equal(InboxStatus.Processing, (await Store.Repository.FindAsync("billing", "e-1", Ct))?.Status);
        Assert.True(await Repository.MarkProcessedAsync(claim, Ct));
    }

    [Theory]
    [InlineData(PostgresProxy.Moment.Sent)]
    [InlineData(PostgresProxy.Moment.Answered)]
    [InlineData(PostgresProxy.Moment.Uncommitted)]
    public async Task A_mark_whose_answer_is_lost_held_all_the_same(PostgresProxy.Moment moment)
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
        await using var connection = await Store.Schema.DataSource.OpenConnectionAsync(Ct);
        await using var deleting = await connection.BeginTransactionAsync(Ct);
        await using (var command = new NpgsqlCommand(Store.Schema.Fill("DELETE FROM {{inbox}}"), connection, deleting))
        {
            await command.ExecuteNonQueryAsync(Ct);
        }

        var claiming = TryClaimAsync(Repository);
        await Eventually.TrueAsync(
            async () => (long)(await Store.Schema.ScalarAsync(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1 || '%'",
                "SELECT * FROM " + new PostgresNames(Store.Schema.Options).InboxClaim))! == 1,
            "the claim waits for the delete");
        await deleting.CommitAsync(Ct);

        Assert.Equal(1, Assert.IsType<InboxClaim.Claimed>(await claiming).Deliveries);
    }

    [Fact]
    public async Task A_record_that_is_gone_when_its_refusal_is_to_be_read_is_claimed_in_the_next_round()
    {
        Assert.True(await Repository.MarkProcessedAsync(await ClaimAsync(Repository), Ct));
        Proxy.Once("LEFT JOIN", PostgresProxy.Moment.NotSent, _ => Store.DeleteAsync("billing", "e-1"));
        Assert.Equal(1, (await ClaimAsync(Repository)).Deliveries);
    }

    [Fact]
    public async Task A_record_whose_lease_ends_when_its_refusal_is_to_be_read_is_claimed_in_the_next_round()
    {
        await ClaimAsync(Repository);
        Proxy.Once("LEFT JOIN", PostgresProxy.Moment.NotSent, _ => Store.PassAsync(TimeSpan.FromMinutes(2)));
        Assert.Equal(2, (await ClaimAsync(Repository)).Deliveries);
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
    public async Task Batches_that_share_their_ids_do_not_wait_for_each_other_in_a_circle()
    {
        var ids = Enumerable.Range(0, 100).Select(i => $"e-{i}").ToArray();
        var tries = new CountingEntropy();
        for (var round = 0; round < 5; round++)
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(() =>
            {
                var own = ids.ToArray();
                new Random(worker).Shuffle(own);
                return Store.CreateRepository(Store.Schema.DataSource, tries).ClaimAsync(
                    $"consumer-{round}", [.. own.Select(id => Sample.Message(id))], TimeSpan.FromMinutes(1), 5, Ct);
            })));
            Assert.Equal(
                ids.Length, answers.SelectMany(batch => batch).OfType<InboxClaim.Claimed>().Select(claim => claim.EventId).Distinct().Count());
            Assert.Equal(ids.Length, answers.SelectMany(batch => batch).Count(answer => answer is InboxClaim.Claimed));
        }

        // The server ends one of two that do; then it is tried again after a wait with jitter.
        Assert.Equal(0, tries.Waits);
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
        await using var fragile = await PostgresServer.StartAsync();
        await using var store = await PostgresInboxHarness.CreateAsync(fragile);
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
        catch (NpgsqlException)
        {
            return null;
        }
    }

    private static async Task<long> CountAsync(PostgresInboxHarness store) =>
        (await store.Repository.GetCountByStatusAsync(Ct)).Values.Sum();

    private sealed class CountingEntropy : IEntropy
    {
        private int _waits;

        internal int Waits => _waits;

        public Guid NewGuid() => Guid.NewGuid();

        public double NextDouble()
        {
            Interlocked.Increment(ref _waits);
            return 0;
        }
    }
}
