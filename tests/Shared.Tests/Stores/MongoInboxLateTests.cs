using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.MongoDb;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Workers that come late, leases that are renewed, and records that change while a handler's transaction is open.</summary>
public sealed class MongoInboxLateTests(MongoDbServer server) : MongoInboxTest(server)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_late_worker_that_meets_the_writes_of_the_one_that_took_over_has_lost_its_claim(bool holdsATransaction)
    {
        var late = await ClaimAsync();
        await using var transaction = await Store.Repository.BeginAsync(late, Ct);
        if (holdsATransaction)
        {
            await AddAsync(await transaction.GetMongoSessionAsync(Ct), "late");
        }

        transaction.Emit(Sample.Event("emitted") with { OrderingKey = "k" });
        await Store.PassAsync(TimeSpan.FromMinutes(2));
        await using (var current = await Store.Repository.BeginAsync(await ClaimAsync(), Ct))
        {
            current.Emit(Sample.Event("emitted") with { OrderingKey = "k" });
            Assert.Equal(CommitOutcome.Committed, await current.CommitAsync(Ct));
        }

        Assert.Equal(CommitOutcome.ClaimLost, await transaction.CommitAsync(Ct));
        Assert.Equal(0, await Store.EffectsAsync("late"));
        Assert.Equal([("k", 1L, "emitted")], await NumbersAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_late_worker_whose_record_another_has_claimed_meanwhile_has_lost_its_claim(bool failedSince)
    {
        await using var transaction = await Store.Repository.BeginAsync(await ClaimAsync(), Ct);
        Store.EnlistEffect(transaction, "a");
        await Store.PassAsync(TimeSpan.FromMinutes(2));
        var current = await ClaimAsync();
        if (failedSince)
        {
            Assert.True(await Store.Repository.MarkFailedAsync(current, ErrorCodes.HandlerFailed, "no", Ct));
        }

        Assert.Equal(CommitOutcome.ClaimLost, await transaction.CommitAsync(Ct));
        Assert.Equal(0, await Store.EffectsAsync("a"));
    }

    // The renewal is in a document of its own: in the record it would end the transaction that it is for.
    [Fact]
    public async Task A_lease_can_be_renewed_while_the_handlers_transaction_is_open()
    {
        var claim = await ClaimAsync();
        await using (var transaction = await Store.Repository.BeginAsync(claim, Ct))
        {
            Store.EnlistEffect(transaction, "a");
            for (var i = 1; i <= 3; i++)
            {
                Assert.True(await Store.Repository.RenewAsync(claim, TimeSpan.FromMinutes(10 * i), Ct));
            }

            var until = (await Store.Repository.FindAsync("billing", "e-1", Ct))!.LeaseUntil;
            Assert.True(until > Store.Now + TimeSpan.FromMinutes(20), $"{until}");
            Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        }

        Assert.Equal(1, await Store.EffectsAsync("a"));
        Assert.False(await Store.Repository.RenewAsync(claim, TimeSpan.FromMinutes(1), Ct));
    }

    [Fact]
    public async Task A_transaction_whose_record_somebody_has_touched_is_tried_again_without_being_counted()
    {
        var claim = await ClaimAsync();
        await using (var transaction = await Store.Repository.BeginAsync(claim, Ct))
        {
            Store.EnlistEffect(transaction, "a");
            await Store.Database.Raw("inbox").UpdateManyAsync(
                new BsonDocument(), new BsonDocument("$set", new BsonDocument("touched", true)), cancellationToken: Ct);
            var failure = await Assert.ThrowsAnyAsync<MongoException>(() => transaction.CommitAsync(Ct));
            Assert.True(Store.Repository.IsOutage(failure), failure.ToString());
        }

        Assert.True(await Store.Repository.ReleaseAsync(claim, ErrorCodes.StoreFailed, "met", Ct));
        Assert.Equal(0, await Store.EffectsAsync("a"));
        Assert.Equal(1, (await ClaimAsync()).Deliveries);
    }
}
