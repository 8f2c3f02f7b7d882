using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Relaybox.Diagnostics;
using Relaybox.Inbox;
using Relaybox.Shared.Tests.Inbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Stores.Postgres;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Lost connections and answers, restarts, and many workers at once.</summary>
public sealed class PostgresInboxRaceTests(PostgresServer server) : IAsyncLifetime
{
    private PostgresInboxHarness _store = null!;
    private PostgresProxy _proxy = null!;
    private NpgsqlDataSource _throughProxy = null!;
    private PostgresInboxRepository _repository = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _store = await PostgresInboxHarness.CreateAsync(server);
        _proxy = new PostgresProxy(server.Port);
        _throughProxy = _store.Schema.Connect(builder => builder.Port = _proxy.Port);
        _repository = _store.CreateRepository(_throughProxy);
    }

    public async ValueTask DisposeAsync()
    {
        await _throughProxy.DisposeAsync();
        await _proxy.DisposeAsync();
        await _store.DisposeAsync();
    }

    [Theory]
    [InlineData(PostgresProxy.Moment.NotSent)]
    [InlineData(PostgresProxy.Moment.Sent)]
    [InlineData(PostgresProxy.Moment.Answered)]
    public async Task A_claim_whose_answer_is_lost_is_ours_and_counts_once(PostgresProxy.Moment moment)
    {
        Once("_claim\"(", moment);
        var claim = await ClaimAsync(_repository);
        Assert.Equal(1, claim.Deliveries);
        Assert.True(await _repository.MarkProcessedAsync(claim, Ct));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Rows_that_come_before_the_commit_are_no_claim(bool isTold)
    {
        _proxy.Once("_claim\"(", PostgresProxy.Moment.Uncommitted, wire =>
        {
            if (isTold)
            {
                return wire.CrashAsync();
            }

            wire.Cut();
            return Task.CompletedTask;
        });
        var claim = await ClaimAsync(_repository);
        Assert.Equal(InboxStatus.Processing, (await _store.Repository.FindAsync("billing", "e-1", Ct))?.Status);
        Assert.True(await _repository.MarkProcessedAsync(claim, Ct));
    }

    [Theory]
    [InlineData(PostgresProxy.Moment.Sent)]
    [InlineData(PostgresProxy.Moment.Answered)]
    [InlineData(PostgresProxy.Moment.Uncommitted)]
    public async Task A_mark_whose_answer_is_lost_held_all_the_same(PostgresProxy.Moment moment)
    {
        var processed = await ClaimAsync(_repository);
        Once("status = 'processed'", moment);
        Assert.True(await _repository.MarkProcessedAsync(processed, Ct));

        var failed = await ClaimAsync(_repository, "e-2");
        Once("status = 'failed'", moment);
        Assert.True(await _repository.MarkFailedAsync(failed, ErrorCodes.HandlerFailed, "no", Ct));
        Assert.Equal(1, (await _store.Repository.FindAsync("billing", "e-2", Ct))!.Deliveries);
        Assert.Equal(InboxStatus.Processed, (await _store.Repository.FindAsync("billing", "e-1", Ct))!.Status);
    }

    [Fact]
    public async Task A_record_that_is_being_deleted_while_it_is_claimed_is_claimed_as_new()
    {
        Assert.True(await _repository.MarkProcessedAsync(await ClaimAsync(_repository), Ct));
        await using var connection = await _store.Schema.DataSource.OpenConnectionAsync(Ct);
        await using var deleting = await connection.BeginTransactionAsync(Ct);
        await using (var command = new NpgsqlCommand(_store.Schema.Fill("DELETE FROM {{inbox}}"), connection, deleting))
        {
            await command.ExecuteNonQueryAsync(Ct);
        }

        var claiming = TryClaimAsync(_repository);
        await Eventually.TrueAsync(
            async () => (long)(await _store.Schema.ScalarAsync(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1 || '%'",
                "SELECT * FROM " + new PostgresNames(_store.Schema.Options).InboxClaim))! == 1,
            "the claim waits for the delete");
        await deleting.CommitAsync(Ct);

        Assert.Equal(1, Assert.IsType<InboxClaim.Claimed>(await claiming).Deliveries);
    }

    [Fact]
    public async Task A_record_that_is_gone_when_its_refusal_is_to_be_read_is_claimed_in_the_next_round()
    {
        Assert.True(await _repository.MarkProcessedAsync(await ClaimAsync(_repository), Ct));
        _proxy.Once("LEFT JOIN", PostgresProxy.Moment.NotSent, _ => _store.DeleteAsync("billing", "e-1"));
        Assert.Equal(1, (await ClaimAsync(_repository)).Deliveries);
    }

    [Fact]
    public async Task A_record_whose_lease_ends_when_its_refusal_is_to_be_read_is_claimed_in_the_next_round()
    {
        await ClaimAsync(_repository);
        _proxy.Once("LEFT JOIN", PostgresProxy.Moment.NotSent, _ => _store.PassAsync(TimeSpan.FromMinutes(2)));
        Assert.Equal(2, (await ClaimAsync(_repository)).Deliveries);
    }

    [Fact]
    public async Task Claims_of_an_id_that_is_deleted_again_and_again_are_all_answered()
    {
        using var stop = new CancellationTokenSource();
        var deleting = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await _store.DeleteAsync("billing", "e-1");
            }
        });
        var claims = await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            var answers = new List<InboxClaim>();
            var repository = _store.CreateRepository();
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
                return _store.CreateRepository(_store.Schema.DataSource, tries).ClaimAsync(
                    $"consumer-{round}", [.. own.Select(id => Sample.Message(id))], TimeSpan.FromMinutes(1), 5, Ct);
            })));
            Assert.Equal(ids.Length, answers.SelectMany(batch => batch).OfType<InboxClaim.Claimed>().Select(claim => claim.EventId).Distinct().Count());
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
            await _store.EnlistEffectAsync(context.Transaction, "a");
            context.Transaction.Emit(Sample.Event());
        });
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 50).Select(worker => Task.Run(async () => Assert.Single(
            await new InboxConsumer(
                _store.CreateRepository(),
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
        Assert.Equal(1, await _store.EffectsAsync("a"));
        Assert.Equal(1, (await _store.Outbox.GetCountByStatusAsync(Ct))["pending"]);
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

    private void Once(string text, PostgresProxy.Moment moment) => _proxy.Once(text, moment, wire =>
    {
        wire.Cut();
        return Task.CompletedTask;
    });

    private static async Task<InboxClaim.Claimed> ClaimAsync(IInboxRepository repository, string eventId = "e-1") =>
        Assert.IsType<InboxClaim.Claimed>(await TryClaimAsync(repository, eventId));

    private static async Task<InboxClaim> TryClaimAsync(IInboxRepository repository, string eventId = "e-1") => Assert.Single(
        await repository.ClaimAsync("billing", [Sample.Message(eventId)], TimeSpan.FromMinutes(1), 5, Ct));

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
