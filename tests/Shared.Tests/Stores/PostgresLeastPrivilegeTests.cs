using Relaybox.Inbox;
using Relaybox.Maintenance;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>As users of least privilege the outbox does what every outbox does.</summary>
public sealed class LeastPrivilegePostgresOutboxRepositoryTests(PostgresServer server) : OutboxRepositoryConformance
{
    private protected override Task<OutboxHarness> CreateHarnessAsync() => LeastPrivilege.CreateOutboxAsync(server);
}

/// <summary>As users of least privilege the outbox keeps the order of each key.</summary>
public sealed class LeastPrivilegePostgresOutboxOrderTests(PostgresServer server) : OutboxOrderConformance
{
    private protected override Task<OutboxHarness> CreateHarnessAsync() => LeastPrivilege.CreateOutboxAsync(server);
}

/// <summary>As users of least privilege the inbox does what every inbox does, handlers' writes and events included.</summary>
public sealed class LeastPrivilegePostgresInboxRepositoryTests(PostgresServer server) : InboxRepositoryConformance
{
    private protected override async Task<InboxHarness> CreateHarnessAsync() => (await CreateAsync()).Harness;

    [Fact]
    public async Task A_consumer_may_cut_off_a_handler_that_it_leaves_behind_and_another_takes_over()
    {
        var (harness, owner) = await CreateAsync();
        await using var disposed = harness;
        var first = Assert.IsType<InboxClaim.Claimed>(Assert.Single(await ClaimAsync()));
        var left = await harness.Repository.BeginAsync(first, Ct);
        harness.EnlistEffect(left, "a");
        var handler = new TaskCompletionSource();
        left.LeaveBehind(handler.Task);
        await left.DisposeAsync();
        await harness.PassAsync(TimeSpan.FromMinutes(3));

        var second = Assert.IsType<InboxClaim.Claimed>(Assert.Single(await ClaimAsync()));
        await using var transaction = await harness.Repository.BeginAsync(second, Ct);
        await owner.EnlistEffectAsync(transaction, "a");
        transaction.Emit(Sample.Event("e-1") with { OrderingKey = "k" });
        transaction.Emit(Sample.Event("e-2") with { OrderingKey = "l" });
        Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));

        handler.SetResult();
        Assert.Equal(1, await harness.EffectsAsync("a"));
        Assert.Equal(["e-1", "e-2"], (await harness.Outbox.FindPendingAsync(10, Ct)).Select(row => row.Event.EventId).Order());

        Task<IReadOnlyList<InboxClaim>> ClaimAsync() =>
            harness.CreateRepository().ClaimAsync("billing", [Sample.Message("m")], TimeSpan.FromMinutes(2), 5, Ct);
    }

    private async Task<(InboxHarness Harness, PostgresInboxHarness Owner)> CreateAsync()
    {
        var owner = await PostgresInboxHarness.CreateAsync(server, use: nameof(LeastPrivilege));
        var users = await owner.Schema.KeepAsync(() => LeastPrivilege.CreateAsync(owner.Schema, "effects", "needs_effect"));
        return (new InboxThrough(owner, () => users.CreateInbox(owner), connections: null), owner);
    }
}

/// <summary>The cleaner's user holds jobs and remembers how far they came.</summary>
public sealed class LeastPrivilegePostgresJobStoreTests(PostgresServer server) : JobStoreConformance
{
    private PostgresSchema _schema = null!;
    private LeastPrivilege _users = null!;

    public override async ValueTask DisposeAsync()
    {
        await _users.DisposeAsync();
        await _schema.DisposeAsync();
    }

    private protected override async Task<IJobStore> CreateStoreAsync()
    {
        _schema = await PostgresSchema.CreateAsync(server);
        _users = await LeastPrivilege.CreateAsync(_schema);
        return new PostgresJobStore(new PostgresConnections(_users.Cleaner), _schema.Options, TimeProvider.System, SystemEntropy.Instance);
    }

    protected override Task PassAsync(TimeSpan time) => _schema.PassAsync(time);
}
