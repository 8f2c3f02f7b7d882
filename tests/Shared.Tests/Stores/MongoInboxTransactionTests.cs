using MongoDB.Bson;
using MongoDB.Driver;
using MongoDB.Driver.Core.Events;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.MongoDb;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>The transaction that a handler is given, and what handlers do to it.</summary>
public sealed class MongoInboxTransactionTests(MongoDbServer server) : MongoInboxTest(server)
{
    [Fact]
    public async Task A_handler_that_enlists_nothing_costs_no_round_trip()
    {
        var commands = 0;
        using var client = Server.CreateClient(settings => settings.ClusterConfigurator =
            cluster => cluster.Subscribe<CommandStartedEvent>(_ => Interlocked.Increment(ref commands)));
        await using var transaction = await Through(client).BeginAsync(await ClaimAsync(), Ct);
        transaction.Emit(Sample.Event());
        Assert.Equal(0, commands);
    }

    [Fact]
    public async Task A_handler_that_enlists_and_emits_costs_a_round_trip_for_each_and_two_for_mark_and_commit()
    {
        var commands = new List<string>();
        using var client = Server.CreateClient(settings => settings.ClusterConfigurator =
            cluster => cluster.Subscribe<CommandStartedEvent>(started =>
            {
                lock (commands)
                {
                    // Without the greetings of new connections.
                    if (started.CommandName is not ("isMaster" or "hello"))
                    {
                        commands.Add(started.CommandName);
                    }
                }
            }));
        await using (var transaction = await Through(client).BeginAsync(await ClaimAsync(), Ct))
        {
            transaction.Enlist((database, session, ct) => database.GetCollection<BsonDocument>("effects")
                .InsertOneAsync(session, new BsonDocument { { "_id", "a" }, { "happened", 1 } }, cancellationToken: ct));
            transaction.Emit(Sample.Event() with { OrderingKey = "k" });
            transaction.Emit(Sample.Event());
            Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        }

        Assert.Equal(["insert", "findAndModify", "insert", "update", "commitTransaction"], commands);
    }

    [Fact]
    public async Task What_was_closed_without_anything_gives_no_session_to_a_late_handler()
    {
        await using var transaction = await Store.Repository.BeginAsync(await ClaimAsync(), Ct);
        Assert.True(transaction.TryCloseEmpty());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => transaction.GetMongoSessionAsync(Ct).AsTask());
        Assert.Throws<ObjectDisposedException>(() => transaction.Enlist((_, _, _) => Task.CompletedTask));
    }

    [Fact]
    public async Task Every_call_gets_the_same_session()
    {
        await using var transaction = await Store.Repository.BeginAsync(await ClaimAsync(), Ct);
        var all = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => transaction.GetMongoSessionAsync(Ct).AsTask()));
        Assert.Single(all.Distinct());
    }

    [Theory]
    [InlineData("insert", "error 11000")]
    [InlineData("find", "BadValue")]
    [InlineData("invalid row", "error 121")]
    public async Task A_handler_that_swallows_an_error_of_the_database_commits_nothing_and_the_error_is_named(string how, string name)
    {
        await Effects.InsertOneAsync(new BsonDocument("_id", "there"), cancellationToken: Ct);
        await using (var transaction = await Store.Repository.BeginAsync(await ClaimAsync(), Ct))
        {
            Store.EnlistEffect(transaction, "a");
            await SwallowAsync(await transaction.GetMongoSessionAsync(Ct), how);
            transaction.Emit(Sample.Event("emitted"));
            Assert.Equal((CommitOutcome.StatementFailed, name), (await transaction.CommitAsync(Ct), transaction.ErrorName));
        }

        await AssertNothingHappenedAsync();
    }

    [Fact]
    public async Task A_handler_that_swallows_an_error_and_goes_on_writing_is_told_of_the_error_that_ended_the_transaction()
    {
        await Effects.InsertOneAsync(new BsonDocument("_id", "there"), cancellationToken: Ct);
        await using var transaction = await Store.Repository.BeginAsync(await ClaimAsync(), Ct);
        var session = await transaction.GetMongoSessionAsync(Ct);
        await SwallowAsync(session, "insert");
        await Assert.ThrowsAnyAsync<MongoException>(() => Effects.InsertOneAsync(session, new BsonDocument("_id", "late"), cancellationToken: Ct));
        Assert.Equal((CommitOutcome.StatementFailed, "error 11000"), (await transaction.CommitAsync(Ct), transaction.ErrorName));
    }

    [Theory]
    [InlineData("duplicate", "error 11000")]
    [InlineData("invalid row", "error 121")]
    [InlineData("emitted", "DuplicateKey")]
    [InlineData("emitted twice", "DuplicateKey")]
    public async Task A_condition_that_fails_is_named(string how, string name)
    {
        await Store.Outbox.FindOrCreateAsync(Sample.Event("taken"), Ct);
        await using (var transaction = await Store.Repository.BeginAsync(await ClaimAsync(), Ct))
        {
            transaction.Enlist((_, session, _) => AddAsync(session, "a"));
            switch (how)
            {
                case "duplicate":
                    Store.EnlistImpossible(transaction, "b");
                    break;
                case "invalid row":
                    transaction.Enlist((database, session, ct) => database.GetCollection<BsonDocument>("outbox")
                        .InsertOneAsync(session, new BsonDocument("_id", "bad"), cancellationToken: ct));
                    break;
                case "emitted":
                    transaction.Emit(Sample.Event("taken"));
                    break;
                default:
                    transaction.Emit(Sample.Event("twice"));
                    transaction.Emit(Sample.Event("twice"));
                    break;
            }

            Assert.Equal((CommitOutcome.EnlistedConditionFailed, name), (await transaction.CommitAsync(Ct), transaction.ErrorName));
        }

        await AssertNothingHappenedAsync();
    }

    [Fact]
    public async Task A_handler_may_emit_events_of_several_keys_and_they_keep_the_order_of_each()
    {
        await using (var transaction = await Store.Repository.BeginAsync(await ClaimAsync(), Ct))
        {
            Store.EnlistEffect(transaction, "a");
            foreach (var (id, key) in new[] { ("z", "l"), ("y", "k"), ("x", "l"), ("w", "k") })
            {
                transaction.Emit(Sample.Event(id) with { OrderingKey = key });
            }

            Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        }

        Assert.Equal(1, await Store.EffectsAsync("a"));
        Assert.Equal([("k", 1L, "y"), ("k", 2L, "w"), ("l", 1L, "z"), ("l", 2L, "x")], await NumbersAsync());
    }

    [Fact]
    public async Task An_emitted_event_whose_counter_is_behind_is_not_told_as_a_condition_that_failed()
    {
        await Store.Outbox.FindOrCreateAsync(Sample.Event("old") with { OrderingKey = "k" }, Ct);
        await Store.Database.Raw("outbox_keys").DeleteManyAsync(new BsonDocument(), Ct);
        var claim = await ClaimAsync();
        await using (var transaction = await Store.Repository.BeginAsync(claim, Ct))
        {
            transaction.Emit(Sample.Event("new") with { OrderingKey = "k" });
            await Assert.ThrowsAsync<OutboxCounterException>(() => transaction.CommitAsync(Ct));
        }

        await Store.Database.SetUpAsync();
        await using var again = await Store.Repository.BeginAsync(claim, Ct);
        again.Emit(Sample.Event("new") with { OrderingKey = "k" });
        Assert.Equal(CommitOutcome.Committed, await again.CommitAsync(Ct));
    }

    [Theory]
    [InlineData("commit", 1)]
    [InlineData("abort", 0)]
    [InlineData("dispose", 0)]
    [InlineData("commit and begin", 1)]
    [InlineData("abort and begin", 0)]
    [InlineData("commit, begin and write", 1)]
    public async Task A_handler_that_ends_the_transaction_itself_is_told_so_and_its_message_is_not_marked(string how, int effects)
    {
        var claim = await ClaimAsync();
        await using (var transaction = await Store.Repository.BeginAsync(claim, Ct))
        {
            var session = await transaction.GetMongoSessionAsync(Ct);
            await AddAsync(session, "a");
            transaction.Emit(Sample.Event("emitted"));
            if (how.StartsWith("commit", StringComparison.Ordinal))
            {
                await session.CommitTransactionAsync(Ct);
            }
            else if (how.StartsWith("abort", StringComparison.Ordinal))
            {
                await session.AbortTransactionAsync(Ct);
            }
            else
            {
                session.Dispose();
            }

            if (how.Contains("begin", StringComparison.Ordinal))
            {
                session.StartTransaction();
            }

            if (how.Contains("write", StringComparison.Ordinal))
            {
                await AddAsync(session, "b");
            }

            Assert.Equal(CommitOutcome.TransactionEnded, await transaction.CommitAsync(Ct));
        }

        Assert.Equal((effects, 0), (await Store.EffectsAsync("a"), await Store.EffectsAsync("b")));
        Assert.Null(await Store.Outbox.FindAsync("emitted", Ct));
        Assert.True(await Store.Repository.MarkFailedAsync(claim, ErrorCodes.HandlerFailed, "no", Ct));

        // What it left open holds nothing.
        await Effects.InsertOneAsync(new BsonDocument("_id", "b"), cancellationToken: Ct);
    }

    [Theory]
    [InlineData("commit")]
    [InlineData("abort")]
    public async Task An_enlisted_write_that_ends_the_transaction_is_told_so(string how)
    {
        var claim = await ClaimAsync();
        await using (var transaction = await Store.Repository.BeginAsync(claim, Ct))
        {
            transaction.Enlist(async (_, session, ct) =>
            {
                await AddAsync(session, "a");
                await (how == "commit" ? session.CommitTransactionAsync(ct) : session.AbortTransactionAsync(ct));
            });
            Assert.Equal(CommitOutcome.TransactionEnded, await transaction.CommitAsync(Ct));
        }

        Assert.Equal(how == "commit" ? 1 : 0, await Store.EffectsAsync("a"));
        Assert.True(await Store.Repository.MarkFailedAsync(claim, ErrorCodes.HandlerFailed, "no", Ct));
    }

    [Fact]
    public async Task The_session_of_one_message_is_never_that_of_the_next()
    {
        IClientSessionHandle? before = null;
        foreach (var id in new[] { "e-1", "e-2", "e-3" })
        {
            await using var transaction = await Store.Repository.BeginAsync(await ClaimAsync(id), Ct);
            var session = await transaction.GetMongoSessionAsync(Ct);
            Assert.NotSame(before, session);
            if (before is not null)
            {
                // Of a handler that has ended long ago, such as in a task that it has forgotten.
                await Assert.ThrowsAnyAsync<InvalidOperationException>(() => before.CommitTransactionAsync(Ct));
            }

            before = session;
            Store.EnlistEffect(transaction, id);
            Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        }
    }

    [Fact]
    public async Task A_transaction_of_anotherStore_is_refused_with_the_reason()
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => new FakeTransaction().GetMongoSessionAsync(Ct).AsTask());
        Assert.Contains("STORE=mongodb", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<InvalidOperationException>(() => new FakeTransaction().Enlist((_, _, _) => Task.CompletedTask));
        Assert.Contains("STORE=mongodb", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_emitted_event_that_breaks_the_contract_is_refused_when_it_is_emitted()
    {
        await using var transaction = await Store.Repository.BeginAsync(await ClaimAsync(), Ct);
        Assert.Throws<RowContractException>(() => transaction.Emit(Sample.Event(subject: "no subject")));
    }

    private MongoInboxRepository Through(MongoClient client) =>
        Store.CreateRepository(client.GetDatabase(Store.Database.Database.DatabaseNamespace.DatabaseName));

    private async Task SwallowAsync(IClientSessionHandle session, string how)
    {
        var error = await Record.ExceptionAsync(() => how switch
        {
            "insert" => Effects.InsertOneAsync(session, new BsonDocument("_id", "there"), cancellationToken: Ct),
            "find" => Effects.Find(session, new BsonDocument("$nothing", 1)).ToListAsync(Ct),
            _ => Store.Database.Raw("outbox").InsertOneAsync(session, new BsonDocument("_id", "bad"), cancellationToken: Ct),
        });
        Assert.IsType<MongoException>(error, exactMatch: false);
    }

    private async Task AssertNothingHappenedAsync()
    {
        Assert.False(await Store.Repository.IsProcessedAsync("billing", "e-1", Ct));
        Assert.Equal(0, await Store.EffectsAsync("a"));
        Assert.Null(await Store.Outbox.FindAsync("emitted", Ct));
    }

    private sealed class FakeTransaction : IMessageTransaction
    {
        public void Emit(OutboxEvent outboxEvent)
        {
        }
    }
}
