using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.MongoDb;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>A handler's commit whose connection is lost before or after it, once or for long.</summary>
public sealed class MongoInboxCommitTests(MongoDbServer server) : MongoInboxThroughProxy(server)
{
    private const string Commit = "commitTransaction";

    // What is sent more often than the driver sends it, the store repeats.
    private const int SentByDriver = 2;

    // The session that has last written the effect.
    private BsonDocument? _session;

    [Theory]
    [InlineData(false, MongoProxy.Moment.NotSent)]
    [InlineData(true, MongoProxy.Moment.NotSent)]
    [InlineData(false, MongoProxy.Moment.Sent)]
    [InlineData(true, MongoProxy.Moment.Sent)]
    [InlineData(false, MongoProxy.Moment.Answered)]
    [InlineData(true, MongoProxy.Moment.Answered)]
    public async Task A_commit_without_an_answer_is_repeated_and_takes_effect_once(bool enlists, MongoProxy.Moment moment)
    {
        await using (var transaction = await Repository.BeginAsync(await ClaimAsync(Repository), Ct))
        {
            await WriteEffectAsync(transaction, enlists);
            transaction.Emit(Sample.Event("emitted"));
            Proxy.CutOnce(Commit, moment);
            Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        }

        Assert.Equal(1, Proxy.Met);
        await Store.AssertAllHappenedAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_commit_whose_answers_are_all_lost_is_read_from_the_record(bool enlists)
    {
        await using (var transaction = await Repository.BeginAsync(await ClaimAsync(Repository), Ct))
        {
            await WriteEffectAsync(transaction, enlists);
            transaction.Emit(Sample.Event("emitted"));
            Proxy.CutAlways(Commit, MongoProxy.Moment.Answered);
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(Ct);
            var committing = transaction.CommitAsync(patience.Token);
            await Eventually.TrueAsync(() => Proxy.Met > SentByDriver, "the commit is repeated");
            await patience.CancelAsync();
            Assert.Equal(CommitOutcome.Committed, await committing);
        }

        await Store.AssertAllHappenedAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_commit_that_never_reaches_the_server_is_no_success_and_leaves_no_lock(bool enlists)
    {
        var claim = await ClaimAsync(Repository);
        await using (var transaction = await Repository.BeginAsync(claim, Ct))
        {
            await WriteEffectAsync(transaction, enlists);
            transaction.Emit(Sample.Event("emitted") with { OrderingKey = "k" });
            Proxy.CutAlways(Commit, MongoProxy.Moment.NotSent);
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(Ct);
            var committing = transaction.CommitAsync(patience.Token);
            await Eventually.TrueAsync(() => Proxy.Met > SentByDriver, "the commit is repeated");
            await patience.CancelAsync();
            var failure = await Record.ExceptionAsync(() => committing);
            Assert.True(failure is OperationCanceledException || Repository.IsOutage(failure!), $"{failure}");
        }

        // The server would keep the transaction for a minute.
        using var quickly = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        Assert.True(await Repository.MarkFailedAsync(claim, ErrorCodes.HandlerFailed, "no", quickly.Token));
        await Store.AssertNothingHappenedAsync(InboxStatus.Failed);
        await Store.Outbox.FindOrCreateAsync(Sample.Event() with { OrderingKey = "k" }, quickly.Token);
        Proxy.Heal();
        Assert.Equal(2, (await ClaimAsync(Repository)).Deliveries);
    }

    [Fact]
    public async Task A_commit_that_reaches_the_server_after_its_attempt_was_failed_changes_nothing()
    {
        var claim = await ClaimAsync(Repository);
        var goOn = new TaskCompletionSource();
        await using (var transaction = await Repository.BeginAsync(claim, Ct))
        {
            await WriteEffectAsync(transaction, enlists: false);
            transaction.Emit(Sample.Event("emitted"));
            Proxy.Once(Commit, MongoProxy.Moment.NotSent, _ => goOn.Task);
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(Ct);
            var committing = transaction.CommitAsync(patience.Token);
            await Eventually.TrueAsync(() => Proxy.Met == 1, "the commit is on its way");
            await patience.CancelAsync();
            await Assert.ThrowsAnyAsync<Exception>(() => committing);
        }

        Assert.True(await Repository.MarkFailedAsync(claim, ErrorCodes.HandlerFailed, "no", Ct));
        goOn.SetResult();
        await Store.AssertNothingHappenedAsync(InboxStatus.Failed);
        Assert.Equal(2, (await ClaimAsync(Store.Repository)).Deliveries);
        await Store.AssertNothingHappenedAsync(InboxStatus.Processing);
    }

    [Theory]
    [InlineData("update")]
    [InlineData("insert")]
    public async Task A_connection_that_is_lost_in_the_midst_of_a_transaction_commits_nothing_and_is_an_outage(string command)
    {
        var claim = await ClaimAsync(Repository);
        await using (var transaction = await Repository.BeginAsync(claim, Ct))
        {
            await WriteEffectAsync(transaction, enlists: false);
            transaction.Emit(Sample.Event("emitted"));
            Proxy.CutOnce(command == "update" ? "processedAt" : "emitted", MongoProxy.Moment.Answered);
            var failure = await Assert.ThrowsAnyAsync<MongoException>(() => transaction.CommitAsync(Ct));
            Assert.True(Repository.IsOutage(failure), failure.ToString());
        }

        Assert.True(await Repository.ReleaseAsync(claim, ErrorCodes.StoreFailed, "away", Ct));
        await Store.AssertNothingHappenedAsync(InboxStatus.Failed);
        Assert.Equal(1, (await ClaimAsync(Repository)).Deliveries);
    }

    [Fact]
    public async Task What_is_only_enlisted_and_emitted_is_executed_again_when_the_connection_is_lost_in_its_midst()
    {
        await using (var transaction = await Repository.BeginAsync(await ClaimAsync(Repository), Ct))
        {
            await WriteEffectAsync(transaction, enlists: true);
            transaction.Emit(Sample.Event("emitted") with { OrderingKey = "k" });
            Proxy.CutOnce("processedAt", MongoProxy.Moment.Answered);
            Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        }

        await Store.AssertAllHappenedAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_commit_that_the_server_ends_is_an_outage_or_is_executed_again(bool enlists)
    {
        await using var transaction = await Repository.BeginAsync(await ClaimAsync(Repository), Ct);
        await WriteEffectAsync(transaction, enlists);
        Proxy.Once(Commit, MongoProxy.Moment.NotSent, _ => Server.Client.GetDatabase("admin").RunCommandAsync<BsonDocument>(
            new BsonDocument("killSessions", new BsonArray { _session }), cancellationToken: Ct));
        if (enlists)
        {
            Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
            Assert.Equal(1, await Store.EffectsAsync("a"));
            return;
        }

        var failure = await Assert.ThrowsAnyAsync<MongoException>(() => transaction.CommitAsync(Ct));
        Assert.True(Repository.IsOutage(failure), failure.ToString());
        Assert.Equal(0, await Store.EffectsAsync("a"));
    }

    [Theory]
    [InlineData("closeConnection: true", 3)]
    [InlineData("errorCode: 11600, errorLabels: ['RetryableWriteError', 'UnknownTransactionCommitResult']", 3)]
    [InlineData("errorCode: 10107, errorLabels: ['RetryableWriteError']", 1)]
    [InlineData("writeConcernError: { code: 64, errmsg: 'slow' }", 3)]
    public async Task A_commit_that_the_server_does_not_answer_in_order_is_repeated(string fault, int times)
    {
        await using var failing = await MongoFailPoint.TakeTurnAsync(Server);
        var repository = RepositoryOf(failing.Client);
        await using var transaction = await repository.BeginAsync(await ClaimAsync(repository), Ct);
        await WriteEffectAsync(transaction, enlists: false);
        transaction.Emit(Sample.Event("emitted"));
        await failing.SetAsync(MongoFailPoint.Times(times), BsonDocument.Parse($"{{ {fault} }}"), Commit);
        Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        await Store.AssertAllHappenedAsync();
    }

    private MongoInboxRepository RepositoryOf(MongoClient client) =>
        Store.CreateRepository(client.GetDatabase(Store.Database.Database.DatabaseNamespace.DatabaseName));

    private async Task WriteEffectAsync(IMessageTransaction transaction, bool enlists)
    {
        if (enlists)
        {
            transaction.Enlist(WriteAsync);
            return;
        }

        var session = await transaction.GetMongoSessionAsync(Ct);
        await WriteAsync(session.Client.GetDatabase(Store.Database.Database.DatabaseNamespace.DatabaseName), session, Ct);

        Task WriteAsync(IMongoDatabase database, IClientSessionHandle session, CancellationToken ct)
        {
            _session = session.ServerSession.Id;
            return database.GetCollection<BsonDocument>("effects").UpdateOneAsync(
                session,
                new BsonDocument("_id", "a"),
                new BsonDocument("$inc", new BsonDocument("happened", 1)),
                new UpdateOptions { IsUpsert = true },
                ct);
        }
    }
}
