using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Inbox;
using Relaybox.MongoDb;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>How many commands a batch takes, and how much of the collection each of them looks at.</summary>
public sealed class MongoOutboxPlanTests(MongoDbServer server) : IAsyncLifetime
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    private MongoOutboxHarness _store = null!;
    private MongoCommandLog _log = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private IMongoDatabase Logged => _log.Client.GetDatabase(_store.Database.Database.DatabaseNamespace.DatabaseName);

    private MongoOutboxRepository Repository => _store.CreateRepository(Logged);

    public async ValueTask InitializeAsync()
    {
        _store = await MongoOutboxHarness.CreateAsync(server);
        _log = new MongoCommandLog(server);
    }

    public ValueTask DisposeAsync()
    {
        _log.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_batch_that_was_won_takes_three_commands_and_a_large_payload_one_more()
    {
        // More than the 101 that the server puts into an answer where it is told nothing.
        await WriteAsync(Enumerable.Range(0, 300).Select(i => Row($"e-{i}")));
        var repository = Repository;

        var claims = await repository.ClaimAsync(new ClaimLimit(300, 1_000_000), Lease, Ct);
        Assert.Equal(300, claims.Count);
        await repository.MarkSentAsync([.. claims.Select(claim => new OutboxMark(claim.EventId, claim.Token))], Ct);
        Assert.Equal(["find", "update", "update"], MongoCommandLog.NamesOf(_log.Take()));

        await WriteAsync([Row("large").Set("payload", new string('x', 900_000)).Set("availableAt", new BsonDateTime(0))]);
        await WriteAsync(Enumerable.Range(0, 10).Select(i => Row($"small-{i}").Set("availableAt", new BsonDateTime(1))));
        claims = await repository.ClaimAsync(new ClaimLimit(10, 1_000_000), Lease, Ct);
        Assert.Contains(claims, claim => claim.Event?.Payload.Length == 900_000);
        Assert.Equal(["find", "update", "find"], MongoCommandLog.NamesOf(_log.Take()));
    }

    [Fact]
    public async Task A_batch_of_which_somebody_else_got_a_row_takes_four_commands()
    {
        await WriteAsync(Enumerable.Range(0, 300).Select(i => Row($"e-{i:000}")));
        _log.Answered = command =>
        {
            if (command == "find")
            {
                _log.Answered = null;
                _store.Database.Raw(_store.Database.Options.OutboxCollection).UpdateOne(
                    new BsonDocument("_id", "e-007"),
                    new BsonDocument("$set", new BsonDocument { { "status", "publishing" }, { "leaseUntil", DateTime.MaxValue } }),
                    cancellationToken: Ct);
            }
        };
        var repository = Repository;

        var claims = await repository.ClaimAsync(new ClaimLimit(300, 1_000_000), Lease, Ct);
        Assert.Equal(299, claims.Count);
        await repository.MarkSentAsync([.. claims.Select(claim => new OutboxMark(claim.EventId, claim.Token))], Ct);

        Assert.Equal(["find", "update", "find", "update"], MongoCommandLog.NamesOf(_log.Take()));
    }

    [Fact]
    public async Task A_claim_with_room_also_takes_ended_claims_whether_it_expected_to_have_room_or_not()
    {
        var repository = Repository;
        foreach (var i in (int[])[1, 2])
        {
            await WriteAsync([
                Row($"due-{i}"),
                Row($"ended-{i}").Set("status", "publishing").Set("claimToken", "t").Set("leaseUntil", new BsonDateTime(0)),
            ]);
            _log.Take();

            var claims = await repository.ClaimAsync(10, Lease, Ct);

            Assert.Equal([$"due-{i}", $"ended-{i}"], claims.Select(claim => claim.EventId).Order(StringComparer.Ordinal));
            Assert.Equal(["find", "find", "update"], MongoCommandLog.NamesOf(_log.Take()));
        }
    }

    [Fact]
    public async Task A_batch_of_the_inbox_without_handlers_writes_takes_two_commands()
    {
        var inbox = new MongoInboxRepository(_store.Database.Connect(Logged), TimeProvider.System, Timing.SystemEntropy.Instance);
        var messages = Enumerable.Range(0, 10).Select(i => Sample.Message($"e-{i}")).ToList();

        var claims = await inbox.ClaimAsync("billing", messages, Lease, 5, Ct);
        Assert.All(await inbox.TryMarkProcessedAsync([.. claims.Cast<InboxClaim.Claimed>()], Ct), Assert.True);

        Assert.Equal(["update", "update"], MongoCommandLog.NamesOf(_log.Take()));
    }

    [Fact]
    public async Task What_is_sent_or_parked_or_waits_costs_a_claim_nothing()
    {
        var now = new BsonDateTime(_store.Now.ToUnixTimeMilliseconds());
        await WriteAsync(Enumerable.Range(0, 1_500).Select(i => Row($"sent-{i}").Set("status", "sent").Set("sentAt", now)));
        await WriteAsync(Enumerable.Range(0, 1_500).Select(i => Row($"parked-{i}").Set("status", "failed").Set("failedAt", now)));
        var tomorrow = new BsonDateTime(_store.Now.AddDays(1).ToUnixTimeMilliseconds());
        await WriteAsync(Enumerable.Range(0, 1_500).Select(i => Row($"later-{i}").Set("availableAt", tomorrow)));
        await WriteAsync(Enumerable.Range(0, 1_500).Select(
            i => Row($"waits-{i}").Set("status", "waiting").Set("orderingKey", "k").Set("orderNumber", i + 2)));
        await WriteAsync(Enumerable.Range(0, 10).Select(i => Row($"due-{i}")));

        var claims = await Repository.ClaimAsync(100, Lease, Ct);

        Assert.Equal(10, claims.Count);
        foreach (var command in _log.Take().Where(command => command.GetElement(0).Name == "find"))
        {
            var (keys, documents) = await LookedAtAsync(command);
            Assert.InRange(keys, 0, 20);
            Assert.InRange(documents, 0, 20);
        }
    }

    [Fact]
    public async Task Claims_beside_many_delayed_rows_are_the_commands_that_they_are_without()
    {
        const int Delayed = 5_000;
        var repository = Repository;
        var before = await ClaimAllAsync("before");
        var tomorrow = new BsonDateTime(_store.Now.AddDays(1).ToUnixTimeMilliseconds());
        foreach (var some in Enumerable.Range(0, Delayed).Chunk(10_000))
        {
            await WriteAsync(some.Select(i => Row($"later-{i}").Set("availableAt", tomorrow)));
        }

        // Rows that are delayed do not hide those that are due, nor the other way round.
        Assert.Equal(before, await ClaimAllAsync("after"));

        // As many claims as it takes for every kind of look at the collection to have its turn.
        async Task<(string Commands, long Keys, long Documents)> ClaimAllAsync(string name)
        {
            await WriteAsync(Enumerable.Range(0, 240).Select(i => Row($"{name}-{i:000}")));
            _log.Take();
            for (var i = 0; i < 24; i++)
            {
                Assert.Equal(10, (await repository.ClaimAsync(10, Lease, Ct)).Count);
            }

            var commands = _log.Take();
            var (keys, documents) = (0L, 0L);
            foreach (var find in commands.Where(command => command.GetElement(0).Name == "find"))
            {
                var looked = await LookedAtAsync(find);
                (keys, documents) = (keys + looked.Keys, documents + looked.Documents);
            }

            await _store.Database.Raw(_store.Database.Options.OutboxCollection).DeleteManyAsync(
                new BsonDocument("status", "publishing"), Ct);
            return (string.Join(' ', MongoCommandLog.NamesOf(commands)), keys, documents);
        }
    }

    [Fact]
    public async Task Jobs_and_the_wait_for_rows_look_at_no_more_than_their_page()
    {
        var old = new BsonDateTime(_store.Now.AddDays(-30).ToUnixTimeMilliseconds());
        await WriteAsync(Enumerable.Range(0, 2_000).Select(i => Row($"sent-{i:0000}").Set("status", "sent").Set("sentAt", old)));
        await WriteAsync(Enumerable.Range(0, 2_000).Select(
            i => Row($"stale-{i:0000}").Set("status", "publishing").Set("leaseUntil", old).Set("claimToken", "t")));
        var repository = Repository;

        Assert.Equal(10, (await repository.CleanupAsync(TimeSpan.FromDays(7), null, null, 10, Ct)).Affected);
        Assert.Equal(10, (await repository.ResetStaleAsync(TimeSpan.Zero, null, 10, Ct)).Affected);
        await repository.ReconcileAsync(TimeSpan.Zero, null, 10, Ct);
        await repository.OldestDueAgeAsync(Ct);

        foreach (var command in _log.Take().Where(command => command.GetElement(0).Name == "find"))
        {
            Assert.InRange((await LookedAtAsync(command)).Documents, 0, 1_001);
        }
    }

    private static BsonDocument Row(string eventId) =>
        new() { { "_id", eventId }, { "subject", "orders.placed" }, { "payload", "{}" }, { "status", "pending" } };

    private Task WriteAsync(IEnumerable<BsonDocument> rows) =>
        _store.Database.Raw(_store.Database.Options.OutboxCollection).InsertManyAsync(rows, cancellationToken: Ct);

    private async Task<(long Keys, long Documents)> LookedAtAsync(BsonDocument command)
    {
        var find = new BsonDocument(command.Where(element => element.Name[0] != '$' && element.Name is not ("lsid" or "txnNumber" or "readConcern")));
        var plan = await _store.Database.Database.RunCommandAsync<BsonDocument>(
            new BsonDocument { { "explain", find }, { "verbosity", "executionStats" } }, cancellationToken: Ct);
        var statistics = plan["executionStats"].AsBsonDocument;
        return (statistics["totalKeysExamined"].ToInt64(), statistics["totalDocsExamined"].ToInt64());
    }
}
