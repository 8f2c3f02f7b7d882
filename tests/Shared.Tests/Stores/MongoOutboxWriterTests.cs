using System.Text;
using System.Text.Json.Serialization;
using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Events;
using Relaybox.Messaging.Formats;
using Relaybox.MongoDb;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Business data and events of an app, in one transaction.</summary>
public sealed partial class MongoOutboxWriterTests(MongoDbServer server) : IAsyncLifetime
{
    private MongoTestDatabase _database = null!;
    private MongoOutboxWriter _writer = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private IMongoCollection<BsonDocument> Users => _database.Raw("users");

    private IMongoCollection<BsonDocument> Outbox => _database.Raw(_database.Options.OutboxCollection);

    public async ValueTask InitializeAsync()
    {
        _database = await MongoTestDatabase.CreateAsync(server);
        await _database.Database.CreateCollectionAsync("users");
        _writer = new MongoOutboxWriter(_database.Database, _database.Options);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Business_data_and_events_are_both_there_or_neither(bool commits)
    {
        using (var session = await server.Client.StartSessionAsync(cancellationToken: Ct))
        {
            session.StartTransaction();
            await Users.InsertOneAsync(session, new BsonDocument("_id", "john"), cancellationToken: Ct);
            await _writer.EnqueueAsync(Sample.Event("e-1"), session, Ct);
            await _writer.EnqueueManyAsync(
                [Sample.Event("e-2") with { OrderingKey = "k" }, Sample.Event("e-3") with { OrderingKey = "k" }], session, Ct);
            Assert.Equal(0, await CountAsync(Outbox));
            await (commits ? session.CommitTransactionAsync(Ct) : session.AbortTransactionAsync(Ct));
        }

        Assert.Equal(commits ? (1, 3) : (0, 0), (await CountAsync(Users), await CountAsync(Outbox)));
    }

    [Fact]
    public async Task An_event_outside_of_a_transaction_is_refused()
    {
        using var session = await server.Client.StartSessionAsync(cancellationToken: Ct);
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => _writer.EnqueueAsync(Sample.Event("e-1"), session, Ct));
        Assert.Contains("StartTransaction", refused.Message, StringComparison.Ordinal);
        Assert.Equal(0, await CountAsync(Outbox));
    }

    [Fact]
    public async Task Thousands_of_events_are_written_in_one_transaction()
    {
        using var session = await server.Client.StartSessionAsync(cancellationToken: Ct);
        session.StartTransaction();
        await _writer.EnqueueManyAsync(
            Enumerable.Range(0, 2_500).Select(i => Sample.Event($"e-{i}") with { OrderingKey = $"k-{i % 3}" }), session, Ct);
        await session.CommitTransactionAsync(Ct);

        Assert.Equal(2_500, await CountAsync(Outbox));
        var numbers = await Outbox.Find(new BsonDocument("orderingKey", "k-1")).Sort(new BsonDocument("orderNumber", 1)).ToListAsync(Ct);
        Assert.Equal(Enumerable.Range(0, 833).Select(i => $"e-{(3 * i) + 1}"), numbers.Select(row => row["_id"].AsString));
        Assert.Equal(Enumerable.Range(1, 833), numbers.Select(row => row["orderNumber"].ToInt32()));
    }

    [Fact]
    public async Task The_operation_of_the_seed_and_its_result_travel_in_one_message()
    {
        var result = await _writer.ExecuteWithOutboxAsync<BsonDocument, string>(
            "users",
            async (collection, session, ct) =>
            {
                await collection.InsertOneAsync(
                    session, new BsonDocument { { "_id", "john" }, { "email", "john@example.com" } }, cancellationToken: ct);
                return "john";
            },
            """{"userId":"user123","action":"user_created"}""",
            "USER_CREATED",
            MongoWriterJson.Default.String,
            Ct);

        Assert.Equal("john", result);
        Assert.Equal(1, await CountAsync(Users));
        var repository = new MongoOutboxRepository(_database.Connect(), _database.Options, TimeProvider.System, Timing.SystemEntropy.Instance);
        var claim = Assert.Single(await repository.ClaimAsync(10, TimeSpan.FromMinutes(1), Ct));
        var message = BsonDocument.Parse(Encoding.UTF8.GetString(new EnvelopeFormat().Write(claim.Event!).Span));
        Assert.Equal(
            (claim.EventId, "USER_CREATED", "user_created", "john"),
            (message["id"].AsString, message["eventType"].AsString, message["payload"]["action"].AsString, message["result"].AsString));
        Assert.True(message.Contains("timestamp"));
    }

    [Fact]
    public async Task Operations_that_meet_are_run_again_until_each_has_had_its_effect_once()
    {
        await Users.InsertOneAsync(new BsonDocument { { "_id", "counter" }, { "n", 0 } }, cancellationToken: Ct);
        var calls = 0;

        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => _writer.ExecuteWithOutboxAsync(
            async (session, ct) =>
            {
                Interlocked.Increment(ref calls);
                await Users.UpdateOneAsync(
                    session, new BsonDocument("_id", "counter"), new BsonDocument("$inc", new BsonDocument("n", 1)), cancellationToken: ct);
                return i;
            },
            "{}",
            "orders.placed",
            cancellationToken: Ct)));

        Assert.Equal(8, (await Users.Find(new BsonDocument("_id", "counter")).SingleAsync(Ct))["n"].ToInt32());
        Assert.Equal(8, await CountAsync(Outbox));
        Assert.InRange(calls, 8, 8 * 20);
    }

    [Fact]
    public async Task Writers_of_one_key_number_its_rows_without_a_gap()
    {
        await Task.WhenAll(Enumerable.Range(0, 6).Select(writer => Task.Run(
            async () =>
            {
                for (var i = 0; i < 5; i++)
                {
                    await _writer.ExecuteWithOutboxAsync(
                        (_, _) => Task.FromResult(0), Sample.Event($"{writer}-{i}") with { OrderingKey = "k" }, cancellationToken: Ct);
                }
            },
            Ct)));

        var rows = await Outbox.Find(new BsonDocument()).Sort(new BsonDocument("orderNumber", 1)).ToListAsync(Ct);
        Assert.Equal(Enumerable.Range(1, 30), rows.Select(row => row["orderNumber"].ToInt32()));
        foreach (var ofWriter in rows.Select(row => row["_id"].AsString).GroupBy(id => id[0]))
        {
            Assert.Equal(ofWriter.Order(StringComparer.Ordinal), ofWriter);
        }
    }

    [Fact]
    public async Task A_swallowed_error_is_told_and_not_tried_again()
    {
        await Users.InsertOneAsync(new BsonDocument("_id", "john"), cancellationToken: Ct);
        var calls = 0;

        var told = await Assert.ThrowsAsync<InvalidOperationException>(() => _writer.ExecuteWithOutboxAsync(
            async (session, ct) =>
            {
                calls++;
                try
                {
                    await Users.InsertOneAsync(session, new BsonDocument("_id", "john"), cancellationToken: ct);
                }
                catch (MongoWriteException)
                {
                    // The server has ended the transaction.
                }

                return 0;
            },
            "{}",
            "orders.placed",
            cancellationToken: Ct));

        Assert.Contains("11000", told.Message, StringComparison.Ordinal);
        Assert.Equal((1, 0), (calls, await CountAsync(Outbox)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_operation_that_ends_the_transaction_is_told(bool commits)
    {
        await Assert.ThrowsAsync<TransactionEndedException>(() => _writer.ExecuteWithOutboxAsync(
            async (session, ct) =>
            {
                await Users.InsertOneAsync(session, new BsonDocument("_id", "john"), cancellationToken: ct);
                await (commits ? session.CommitTransactionAsync(ct) : session.AbortTransactionAsync(ct));
                session.StartTransaction();
                return 0;
            },
            "{}",
            "orders.placed",
            cancellationToken: Ct));
        Assert.Equal((commits ? 1 : 0, 0), (await CountAsync(Users), await CountAsync(Outbox)));
    }

    [Fact]
    public async Task The_same_call_again_says_that_it_was_done_and_another_event_that_the_id_is_taken()
    {
        var placed = Sample.Event("e-1");
        await PlaceAsync(placed, "john");

        // Exactly the same call, and one whose operation does not stand in its own way.
        foreach (var user in new[] { "john", "jane" })
        {
            Assert.Equal("e-1", (await Assert.ThrowsAsync<EventAlreadyWrittenException>(() => PlaceAsync(placed, user))).EventId);
        }

        await Assert.ThrowsAsync<EventIdConflictException>(() => PlaceAsync(placed with { Payload = "{}" }, "jane"));
        Assert.Equal((1, 1), (await CountAsync(Users), await CountAsync(Outbox)));
        var failure = await Assert.ThrowsAsync<MongoWriteException>(() => PlaceAsync(Sample.Event("e-2"), "john"));
        Assert.Equal(ServerErrorCategory.DuplicateKey, failure.WriteError.Category);
    }

    [Fact]
    public async Task A_commit_whose_answer_is_lost_once_is_done_once()
    {
        await using var failing = await MongoFailPoint.TakeTurnAsync(server);
        await failing.SetAsync(MongoFailPoint.Times(1), new BsonDocument("closeConnection", true), "commitTransaction");
        var writer = new MongoOutboxWriter(failing.Client.GetDatabase(_database.Database.DatabaseNamespace.DatabaseName), _database.Options);

        await PlaceAsync(Sample.Event("e-1"), "john", writer);

        Assert.Equal((1, 1), (await CountAsync(Users), await CountAsync(Outbox)));
    }

    [Fact]
    public async Task A_commit_that_stays_without_an_answer_is_told_and_the_same_call_again_finds_out()
    {
        await using var failing = await MongoFailPoint.TakeTurnAsync(server);
        await failing.SetAsync("alwaysOn", new BsonDocument("closeConnection", true), "commitTransaction");
        var writer = new MongoOutboxWriter(failing.Client.GetDatabase(_database.Database.DatabaseNamespace.DatabaseName), _database.Options)
        {
            Patience = TimeSpan.FromSeconds(1),
        };
        var placed = Sample.Event("e-1");

        var unknown = await Assert.ThrowsAsync<CommitUnknownException>(() => PlaceAsync(placed, "john", writer));

        Assert.Equal("e-1", unknown.EventId);
        await failing.EndAsync();
        try
        {
            await PlaceAsync(placed, "john", writer);
        }
        catch (EventAlreadyWrittenException)
        {
            // Both were done.
        }

        Assert.Equal((1, 1), (await CountAsync(Users), await CountAsync(Outbox)));
    }

    [Fact]
    public async Task An_operation_whose_commit_stays_without_an_answer_is_not_run_again()
    {
        await using var failing = await MongoFailPoint.TakeTurnAsync(server);
        await failing.SetAsync("alwaysOn", new BsonDocument("closeConnection", true), "commitTransaction");
        var writer = new MongoOutboxWriter(failing.Client.GetDatabase(_database.Database.DatabaseNamespace.DatabaseName), _database.Options)
        {
            Patience = TimeSpan.FromSeconds(1),
        };
        var calls = 0;

        await Assert.ThrowsAsync<CommitUnknownException>(
            () => writer.ExecuteWithOutboxAsync((_, _) => Task.FromResult(++calls), Sample.Event("e-1"), cancellationToken: Ct));

        Assert.Equal(1, calls);
        await failing.EndAsync();
    }

    [Fact]
    public async Task Writers_that_meet_at_the_counter_of_a_key_write_their_business_data_once_each()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(
            () => PlaceAsync(Sample.Event($"e-{i}") with { OrderingKey = "k" }, $"user-{i}"), Ct)));

        Assert.Equal((8, 8), (await CountAsync(Users), await CountAsync(Outbox)));
    }

    [Fact]
    public async Task A_counter_that_is_behind_is_told_and_setup_puts_it_right()
    {
        var keyed = Sample.Event("e-1") with { OrderingKey = "k" };
        await PlaceAsync(keyed, "john");
        await _database.Raw(_database.Options.KeysCollection).DeleteOneAsync(new BsonDocument("_id", "k"), Ct);

        await Assert.ThrowsAsync<OutboxCounterException>(() => PlaceAsync(keyed with { EventId = "e-2" }, "jane"));
        Assert.Equal((1, 1), (await CountAsync(Users), await CountAsync(Outbox)));

        await _database.SetUpAsync();
        await PlaceAsync(keyed with { EventId = "e-2" }, "jane");
        Assert.Equal(2, (await Outbox.Find(new BsonDocument("_id", "e-2")).SingleAsync(Ct))["orderNumber"].ToInt32());
    }

    [Fact]
    public async Task An_event_that_breaks_the_contract_is_refused_before_the_operation_runs()
    {
        await Assert.ThrowsAsync<RowContractException>(() => PlaceAsync(Sample.Event("e-1", subject: "a..b"), "john"));
        Assert.Equal(0, await CountAsync(Users));
    }

    private static async Task<int> CountAsync(IMongoCollection<BsonDocument> collection) =>
        (int)await collection.CountDocumentsAsync(new BsonDocument(), cancellationToken: Ct);

    private Task<int> PlaceAsync(OutboxEvent placed, string user, MongoOutboxWriter? writer = null) =>
        (writer ?? _writer).ExecuteWithOutboxAsync(
            async (session, ct) =>
            {
                await session.Client.GetDatabase(_database.Database.DatabaseNamespace.DatabaseName).GetCollection<BsonDocument>("users")
                    .InsertOneAsync(session, new BsonDocument("_id", user), cancellationToken: ct);
                return 0;
            },
            placed,
            cancellationToken: Ct);

    [JsonSerializable(typeof(string))]
    private sealed partial class MongoWriterJson : JsonSerializerContext;
}
