using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Inbox;
using Relaybox.MongoDb;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>What holds for every command of the store, whatever the client's own settings are.</summary>
public sealed class MongoCommandTests(MongoDbServer server) : IAsyncLifetime
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);
    private static readonly string[] Reads = ["find", "aggregate"];
    private static readonly string[] Writes = ["update", "insert", "delete", "findAndModify", "bulkWrite"];

    private MongoOutboxHarness _store = null!;
    private MongoCommandLog _log = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

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
    public async Task Every_write_waits_for_a_majority_and_every_read_asks_the_primary()
    {
        await WriteAsync();
        await RelayAsync();
        await ConsumeAsync();

        var commands = _log.Take();
        Assert.Contains(commands, InTransaction);
        foreach (var command in commands)
        {
            var name = command.GetElement(0).Name;
            Assert.False(command.Contains("$readPreference") && command["$readPreference"]["mode"] != "primary", $"{command}");
            if (name == "commitTransaction" || (Writes.Contains(name) && !InTransaction(command)))
            {
                Assert.Equal("majority", command["writeConcern"]["w"].AsString);
            }
            else if (Reads.Contains(name) && !InTransaction(command))
            {
                Assert.Equal("majority", command["readConcern"]["level"].AsString);
            }
        }
    }

    [Fact]
    public async Task No_command_of_a_relay_or_a_consumer_says_what_time_it_is()
    {
        await WriteAsync();
        _log.Take();

        await RelayAsync();
        await ConsumeAsync();

        var commands = _log.Take();
        Assert.Contains("update", MongoCommandLog.NamesOf(commands));
        Assert.DoesNotContain(commands, HasTime);
    }

    private static bool InTransaction(BsonDocument command) => command.Contains("autocommit");

    private static bool HasTime(BsonValue value) => value switch
    {
        BsonDocument document => document.Values.Any(HasTime),
        BsonArray array => array.Any(HasTime),
        _ => value.IsBsonDateTime,
    };

    // An app may have chosen otherwise for its own data.
    private IMongoDatabase AsTheAppHasIt() => _log.Client.GetDatabase(_store.Database.Database.DatabaseNamespace.DatabaseName)
        .WithWriteConcern(WriteConcern.W1).WithReadPreference(ReadPreference.SecondaryPreferred).WithReadConcern(ReadConcern.Local);

    private async Task WriteAsync()
    {
        var repository = _store.CreateRepository(AsTheAppHasIt());
        foreach (var eventId in (string[])["e-1", "e-2", "a-1", "a-2", "a-3"])
        {
            await repository.FindOrCreateAsync(
                Sample.Event(eventId) with { OrderingKey = eventId.StartsWith('a') ? "a" : null }, Ct);
        }

        await new MongoOutboxWriter(AsTheAppHasIt(), _store.Database.Options).ExecuteWithOutboxAsync(
            (_, _) => Task.FromResult(0), Sample.Event("e-3") with { OrderingKey = "b" }, cancellationToken: Ct);
    }

    private async Task RelayAsync()
    {
        var repository = _store.CreateRepository(AsTheAppHasIt());
        var first = (await repository.MarkAsPublishingAsync("a-1", Lease, Ct))!;
        var claims = (await repository.ClaimAsync(10, Lease, Ct)).ToDictionary(claim => claim.EventId);
        Assert.Equal(["e-1", "e-2", "e-3"], claims.Keys.Order());
        await repository.MarkSentAsync([new OutboxMark("a-1", first.Token), new OutboxMark("e-1", claims["e-1"].Token)], Ct);
        await repository.RetryAsync([new RetryMark("e-2", claims["e-2"].Token, 1, TimeSpan.FromMinutes(1), "publish.unknown", "lost")], Ct);
        await repository.ParkAsync([new ParkMark("e-3", claims["e-3"].Token, 1, "publish.rejected", "no")], Ct);
        Assert.NotEmpty(await repository.ClaimAsync(10, Lease, Ct));
        await repository.ResetStaleAsync(TimeSpan.FromMinutes(5), null, 10, Ct);
        await repository.CleanupAsync(TimeSpan.FromDays(1), TimeSpan.FromDays(1), null, 10, Ct);
        await repository.OldestDueAgeAsync(Ct);
    }

    private async Task ConsumeAsync()
    {
        var database = _store.Database.Connect(AsTheAppHasIt());
        var inbox = new MongoInboxRepository(database, TimeProvider.System, SystemEntropy.Instance);
        var claims = await inbox.ClaimAsync("billing", [Sample.Message("m-1"), Sample.Message("m-2"), Sample.Message("m-3")], Lease, 5, Ct);
        var claimed = claims.Cast<InboxClaim.Claimed>().ToList();
        await inbox.StartAsync(claimed[0], Lease, Ct);
        await inbox.RenewAsync(claimed[0], Lease, Ct);
        await using (var transaction = await inbox.BeginAsync(claimed[0], Ct))
        {
            await transaction.GetMongoSessionAsync(Ct);
            Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        }

        Assert.True(await inbox.MarkProcessedAsync(claimed[1], Ct));
        Assert.True(await inbox.EndAttemptAsync(claimed[2], 1, "handler.failed", "no", Ct));
        await inbox.ResetStaleAsync(TimeSpan.FromMinutes(5), null, 10, Ct);
        await inbox.CleanupAsync(TimeSpan.FromDays(1), TimeSpan.FromDays(1), null, 10, Ct);
        await new MongoJobStore(database, TimeProvider.System, SystemEntropy.Instance).TryAcquireAsync("cleanup", Lease, Ct);
    }
}
