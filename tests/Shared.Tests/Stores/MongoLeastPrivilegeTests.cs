using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Inbox;
using Relaybox.Maintenance;
using Relaybox.MongoDb;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>As users of least privilege the outbox does what every outbox does.</summary>
public sealed class LeastPrivilegeMongoOutboxRepositoryTests(MongoGuardedServer server)
    : OutboxRepositoryConformance, IClassFixture<MongoGuardedServer>
{
    private protected override Task<OutboxHarness> CreateHarnessAsync() => MongoUsers.CreateOutboxAsync(server, AfterSending.Keep);
}

/// <summary>The same where sent rows are deleted.</summary>
public sealed class LeastPrivilegeDeletingMongoOutboxRepositoryTests(MongoGuardedServer server)
    : OutboxRepositoryConformance, IClassFixture<MongoGuardedServer>
{
    private protected override Task<OutboxHarness> CreateHarnessAsync() => MongoUsers.CreateOutboxAsync(server, AfterSending.Delete);
}

/// <summary>As users of least privilege the outbox keeps the order of each key.</summary>
public sealed class LeastPrivilegeMongoOutboxOrderTests(MongoGuardedServer server) : OutboxOrderConformance, IClassFixture<MongoGuardedServer>
{
    private protected override Task<OutboxHarness> CreateHarnessAsync() => MongoUsers.CreateOutboxAsync(server, AfterSending.Keep);
}

/// <summary>As users of least privilege the inbox does what every inbox does, handlers' writes and events included.</summary>
public sealed class LeastPrivilegeMongoInboxRepositoryTests(MongoGuardedServer server)
    : InboxRepositoryConformance, IClassFixture<MongoGuardedServer>
{
    private protected override async Task<InboxHarness> CreateHarnessAsync()
    {
        // Enlisted writes are executed with the consumer's own session.
        var owner = await MongoInboxHarness.CreateAsync(server.Server, enlists: true, server.CreateDatabase());
        var users = await MongoUsers.CreateAsync(server, owner.Database, "effects");
        return new InboxThrough(owner, () => users.CreateInbox(owner), users);
    }

    [Fact]
    public async Task A_consumer_may_cut_off_a_handler_that_it_leaves_behind_and_another_takes_over()
    {
        var owner = await MongoInboxHarness.CreateAsync(server.Server, enlists: true, server.CreateDatabase());
        var users = await MongoUsers.CreateAsync(server, owner.Database, "effects");
        var repository = users.CreateInbox(owner);
        var left = await repository.BeginAsync(await ClaimAsync(), Ct);
        await AddAsync(left);
        var handler = new TaskCompletionSource();
        left.LeaveBehind(handler.Task);
        await left.DisposeAsync();
        await owner.PassAsync(TimeSpan.FromMinutes(3));

        await using (var transaction = await repository.BeginAsync(await ClaimAsync(), Ct))
        {
            await AddAsync(transaction);
            transaction.Emit(Sample.Event("e-1") with { OrderingKey = "k" });
            transaction.Emit(Sample.Event("e-2") with { OrderingKey = "l" });
            Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        }

        handler.SetResult();
        Assert.Equal(1, await owner.EffectsAsync("a"));
        Assert.Equal(["e-1", "e-2"], (await owner.Outbox.FindPendingAsync(10, Ct)).Select(row => row.Event.EventId).Order());

        async Task<InboxClaim.Claimed> ClaimAsync() => Assert.IsType<InboxClaim.Claimed>(Assert.Single(
            await repository.ClaimAsync("billing", [Sample.Message("m")], TimeSpan.FromMinutes(2), 5, Ct)));

        async Task AddAsync(IInboxTransaction transaction) =>
            await users.Consumer.GetCollection<BsonDocument>("effects").UpdateOneAsync(
                await transaction.GetMongoSessionAsync(Ct),
                new BsonDocument("_id", "a"),
                new BsonDocument("$inc", new BsonDocument("happened", 1)),
                new UpdateOptions { IsUpsert = true },
                Ct);
    }
}

/// <summary>The cleaner's user holds jobs and remembers how far they came.</summary>
public sealed class LeastPrivilegeMongoJobStoreTests(MongoGuardedServer server) : JobStoreConformance, IClassFixture<MongoGuardedServer>
{
    private MongoTestDatabase _database = null!;

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private protected override async Task<IJobStore> CreateStoreAsync()
    {
        _database = await MongoTestDatabase.CreateAsync(server.Server, database: server.CreateDatabase());
        var users = await MongoUsers.CreateAsync(server, _database);
        return new MongoJobStore(_database.Connect(users.Cleaner), TimeProvider.System, SystemEntropy.Instance);
    }

    protected override Task PassAsync(TimeSpan time) => _database.PassAsync(time);
}
