using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.MongoDb;
using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Rows that wait behind an earlier one of their key: what makes them due, whatever happens in between.</summary>
public sealed class MongoOutboxWaitingTests(MongoDbServer server) : IAsyncLifetime
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    private MongoOutboxHarness _store = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private MongoOutboxRepository Repository => (MongoOutboxRepository)_store.Repository;

    private IMongoCollection<BsonDocument> Rows => _store.Database.Raw(_store.Database.Options.OutboxCollection);

    public async ValueTask InitializeAsync()
    {
        _store = await MongoOutboxHarness.CreateAsync(server);
        foreach (var eventId in new[] { "a1", "a2", "a3" })
        {
            await Repository.FindOrCreateAsync(Sample.Event(eventId) with { OrderingKey = "a" }, Ct);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task What_waits_goes_on_when_the_row_before_is_sent()
    {
        var first = await WaitBehindFirstAsync();
        await Repository.MarkSentAsync([new OutboxMark("a1", first.Token)], Ct);
        Assert.Equal(["a2", "a3"], await ClaimIdsAsync());
    }

    [Fact]
    public async Task To_skip_a_row_that_is_not_parked_forgets_nothing_that_waits_for_it()
    {
        var first = await WaitBehindFirstAsync();

        Assert.False(await _store.ActAsync(RowAction.Skip, "a1"));

        Assert.True((await RowAsync("a1")).Contains("followed"));
        Assert.Equal("waiting", (await RowAsync("a2"))["status"].AsString);
        await Repository.MarkSentAsync([new OutboxMark("a1", first.Token)], Ct);
        Assert.Equal(["a2", "a3"], await ClaimIdsAsync());
    }

    [Fact]
    public async Task A_relay_that_ends_between_the_mark_and_the_release_leaves_them_to_the_reset()
    {
        await SendFirstWithoutReleaseAsync();

        await Repository.ResetStaleAsync(TimeSpan.FromMinutes(1), null, 100, Ct);

        Assert.Equal("pending", (await RowAsync("a2"))["status"].AsString);
        Assert.False((await RowAsync("a1")).Contains("followed"));
    }

    [Fact]
    public async Task A_relay_that_ends_between_the_mark_and_the_release_leaves_them_to_the_next_claim()
    {
        await SendFirstWithoutReleaseAsync();
        Assert.Equal(["a2", "a3"], await ClaimIdsAsync());
    }

    [Fact]
    public async Task What_waits_for_a_row_that_was_deleted_by_hand_is_found_by_reconcile()
    {
        await WaitBehindFirstAsync();
        await _store.DeleteAsync("a1");
        Assert.Empty(await ClaimIdsAsync());

        for (string? cursor = null; ;)
        {
            var page = await Repository.ReconcileAsync(TimeSpan.FromMinutes(5), cursor, 1, Ct);
            if ((cursor = page.Cursor) is null)
            {
                break;
            }
        }

        Assert.Equal(["a2", "a3"], await ClaimIdsAsync());
    }

    [Fact]
    public async Task A_long_line_is_published_in_order_however_few_rows_a_claim_takes()
    {
        foreach (var i in Enumerable.Range(4, 146))
        {
            await Repository.FindOrCreateAsync(Sample.Event($"a{i}") with { OrderingKey = "a" }, Ct);
        }

        var sent = new List<string>();
        for (var round = 0; sent.Count < 149; round++)
        {
            Assert.InRange(round, 0, 200);
            var claims = await Repository.ClaimAsync(7, Lease, Ct);
            sent.AddRange(claims.Select(claim => claim.EventId));
            await Repository.MarkSentAsync([.. claims.Select(claim => new OutboxMark(claim.EventId, claim.Token))], Ct);
        }

        Assert.Equal(Enumerable.Range(1, 149).Select(i => $"a{i}"), sent);
    }

    [Fact]
    public async Task Counters_of_keys_that_have_no_rows_any_more_are_deleted()
    {
        var claims = await Repository.ClaimAsync(10, Lease, Ct);
        await Repository.MarkSentAsync([.. claims.Select(claim => new OutboxMark(claim.EventId, claim.Token))], Ct);
        var keys = _store.Database.Raw(_store.Database.Options.KeysCollection);
        await CleanupAsync();
        Assert.Equal(1, await keys.CountDocumentsAsync(new BsonDocument(), cancellationToken: Ct));

        await _store.PassAsync(TimeSpan.FromDays(2));
        await CleanupAsync();
        await CleanupAsync();

        Assert.Equal(0, await keys.CountDocumentsAsync(new BsonDocument(), cancellationToken: Ct));
        await Repository.FindOrCreateAsync(Sample.Event("again") with { OrderingKey = "a" }, Ct);
        Assert.Equal(["again"], await ClaimIdsAsync());
    }

    [Fact]
    public async Task To_wait_for_a_row_changes_it_each_time_so_that_its_mark_is_met()
    {
        await WaitBehindFirstAsync();
        var once = (await RowAsync("a1"))["followed"].ToInt32();
        await Repository.FindOrCreateAsync(Sample.Event("a4") with { OrderingKey = "a" }, Ct);
        await Rows.UpdateOneAsync(
            new BsonDocument("_id", "a2"), new BsonDocument("$set", new BsonDocument("status", "pending")), cancellationToken: Ct);
        Assert.Empty(await ClaimIdsAsync());
        Assert.Equal(once + 1, (await RowAsync("a1"))["followed"].ToInt32());
    }

    private async Task<OutboxClaim> WaitBehindFirstAsync()
    {
        var first = await Repository.MarkAsPublishingAsync("a1", Lease, Ct);
        Assert.Empty(await ClaimIdsAsync());
        Assert.Equal(("waiting", "waiting"), ((await RowAsync("a2"))["status"].AsString, (await RowAsync("a3"))["status"].AsString));
        return first!;
    }

    private async Task SendFirstWithoutReleaseAsync()
    {
        await WaitBehindFirstAsync();
        await Rows.UpdateOneAsync(
            new BsonDocument("_id", "a1"),
            BsonDocument.Parse("""{ "$set": { "status": "sent" }, "$currentDate": { "sentAt": true } }"""),
            cancellationToken: Ct);
    }

    private async Task<IEnumerable<string>> ClaimIdsAsync() => (await Repository.ClaimAsync(100, Lease, Ct)).Select(claim => claim.EventId);

    private Task<BsonDocument> RowAsync(string eventId) => Rows.Find(new BsonDocument("_id", eventId)).SingleAsync(Ct);

    private async Task CleanupAsync()
    {
        string? cursor = null;
        do
        {
            cursor = (await Repository.CleanupAsync(TimeSpan.FromDays(1), null, cursor, 10, Ct)).Cursor;
        }
        while (cursor is not null);
    }
}
