using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Lost connections and answers, restarts, and records that change meanwhile.</summary>
public sealed class PostgresInboxRaceTests(PostgresServer server) : SqlInboxRaceConformance
{
    private PostgresInboxHarness Own => (PostgresInboxHarness)Store;

    private protected override async Task<SqlInboxHarness> CreateHarnessAsync() => await PostgresInboxHarness.CreateAsync(server);

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

    [Fact]
    public Task A_mark_that_comes_before_the_commit_is_repeated() => A_mark_whose_answer_is_lost_held_all_the_same(WireProxy.Moment.Uncommitted);

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
                return Own.CreateRepository(Own.Schema.DataSource, tries).ClaimAsync(
                    $"consumer-{round}", [.. own.Select(id => Sample.Message(id))], TimeSpan.FromMinutes(1), 5, Ct);
            })));
            Assert.Equal(
                ids.Length, answers.SelectMany(batch => batch).OfType<InboxClaim.Claimed>().Select(claim => claim.EventId).Distinct().Count());
            Assert.Equal(ids.Length, answers.SelectMany(batch => batch).Count(answer => answer is InboxClaim.Claimed));
        }

        // The server ends one of two that do; then it is tried again after a wait with jitter.
        Assert.Equal(0, tries.Waits);
    }

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
