using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Local.Stores.MongoDb;
using Relaybox.Testing;

namespace Relaybox.MongoDouble.Tests.Serving;

/// <summary>What is left after the server's end.</summary>
public sealed class DurabilityTests
{
    private static readonly FilterDefinition<BsonDocument> All = FilterDefinition<BsonDocument>.Empty;

    [Fact]
    public async Task What_was_acknowledged_outlives_a_kill_and_an_open_transaction_does_not()
    {
        await using var server = await MongoDbServer.StartAsync();
        var documents = Safe(server);
        await documents.Indexes.CreateOneAsync(new CreateIndexModel<BsonDocument>("{ n: 1 }", new CreateIndexOptions { Unique = true }));
        await documents.InsertManyAsync(Enumerable.Range(0, 500).Select(i => new BsonDocument { { "_id", i }, { "n", i } }));
        await documents.UpdateOneAsync("{ _id: 1 }", "{ $set: { n: 1000 } }");
        await documents.DeleteOneAsync("{ _id: 2 }");
        using var session = await server.Client.StartSessionAsync();
        session.StartTransaction();
        await documents.InsertOneAsync(session, new BsonDocument("_id", "open"));
        await server.StopAtOnceAsync();
        await server.StartAgainAsync();

        Assert.Equal(499, await documents.CountDocumentsAsync(All));
        Assert.Equal(1000, (await documents.Find("{ _id: 1 }").SingleAsync())["n"]);
        Assert.Empty(await documents.Find("{ _id: 'open' }").ToListAsync());
        var error = await Assert.ThrowsAsync<MongoWriteException>(() => documents.InsertOneAsync(new BsonDocument { { "_id", "x" }, { "n", 3 } }));
        Assert.Equal(ServerErrorCategory.DuplicateKey, error.WriteError.Category);
    }

    [Fact]
    public async Task A_change_stream_is_resumed_after_a_kill()
    {
        await using var server = await MongoDbServer.StartAsync();
        var documents = Safe(server);
        BsonDocument token;
        using (var stream = await documents.WatchAsync())
        {
            await documents.InsertOneAsync(new BsonDocument("_id", 1));
            await documents.UpdateOneAsync("{ _id: 1 }", "{ $set: { a: 1 } }");
            await documents.DeleteOneAsync("{ _id: 1 }");
            token = (await ChangeStreamTests.TakeAsync(stream, 3))[0].ResumeToken;
        }

        await server.StopAtOnceAsync();
        await server.StartAgainAsync();
        using var resumed = await documents.WatchAsync(new ChangeStreamOptions { ResumeAfter = token });
        var events = await ChangeStreamTests.TakeAsync(resumed, 2);
        Assert.Equal([ChangeStreamOperationType.Update, ChangeStreamOperationType.Delete], events.Select(change => change.OperationType));
        Assert.Equal(new BsonDocument("a", 1), events[0].UpdateDescription.UpdatedFields);
    }

    [Fact]
    public async Task A_retryable_write_is_remembered_after_a_kill()
    {
        await using var server = await MongoDbServer.StartAsync();
        var documents = Safe(server);
        await documents.InsertOneAsync(BsonDocument.Parse("{ _id: 1, n: 0 }"));
        var update = BsonDocument.Parse(
            """
            {
                update: 'documents', updates: [{ q: { _id: 1 }, u: { $inc: { n: 1 } } }], txnNumber: NumberLong(1),
                writeConcern: { w: 'majority' }
            }
            """);
        update["lsid"] = new BsonDocument("id", new BsonBinaryData(Guid.NewGuid(), GuidRepresentation.Standard));
        await documents.Database.RunCommandAsync<BsonDocument>(update);
        await server.StopAtOnceAsync();
        await server.StartAgainAsync();
        Assert.Equal(1, (await documents.Database.RunCommandAsync<BsonDocument>(update))["nModified"].ToInt32());
        Assert.Equal(1, (await documents.Find(All).SingleAsync())["n"]);
    }

    [Fact]
    public async Task A_commit_is_remembered_after_a_kill()
    {
        await using var server = await MongoDbServer.StartAsync();
        var documents = Safe(server);
        using var session = await server.Client.StartSessionAsync();
        session.StartTransaction(new TransactionOptions(writeConcern: WriteConcern.WMajority));
        await documents.InsertOneAsync(session, new BsonDocument("_id", 1));
        await session.CommitTransactionAsync();
        await server.StopAtOnceAsync();
        await server.StartAgainAsync();
        await session.CommitTransactionAsync();
        Assert.Equal(1, await documents.CountDocumentsAsync(All));
    }

    [Fact]
    public async Task A_stop_in_order_keeps_everything()
    {
        await using var server = await MongoDbServer.StartAsync();
        var documents = Safe(server);
        await documents.InsertOneAsync(new BsonDocument("_id", 1));
        await server.StopAsync();
        await server.StartAgainAsync();
        Assert.Equal(1, await documents.CountDocumentsAsync(All));
    }

    [Fact]
    public async Task History_that_is_no_longer_kept_cannot_be_read_again()
    {
        await using var server = await MongoDbServer.StartAsync(new MongoServerOptions { DoubleArguments = ["--oplogMaxEvents", "10"] });
        Assert.SkipUnless(server.IsDouble, "Only the double can be told to keep so little.");
        var documents = Safe(server);
        BsonDocument token;
        using (var stream = await documents.WatchAsync())
        {
            await documents.InsertOneAsync(new BsonDocument("_id", "first"));
            token = (await ChangeStreamTests.TakeAsync(stream, 1))[0].ResumeToken;
        }

        for (var i = 0; i < 20; i++)
        {
            await documents.InsertOneAsync(new BsonDocument("_id", i));
        }

        var error = await Assert.ThrowsAsync<MongoCommandException>(() => documents.WatchAsync(new ChangeStreamOptions { ResumeAfter = token }));
        Assert.Equal((286, "ChangeStreamHistoryLost"), (error.Code, error.CodeName));
        Assert.True(error.HasErrorLabel("NonResumableChangeStreamError"));
    }

    [Fact]
    public async Task A_torn_end_of_the_doubles_journal_is_cut_off()
    {
        await using var server = await MongoDbServer.StartAsync();
        Assert.SkipUnless(server.IsDouble, "The file is the double's own.");
        var documents = Safe(server);
        await documents.InsertManyAsync(Enumerable.Range(0, 10).Select(i => new BsonDocument("_id", i)));
        await server.StopAtOnceAsync();
        await using (var file = new FileStream(Path.Combine(server.Folder, "journal.bson"), FileMode.Open))
        {
            file.SetLength(file.Length - 3);
        }

        await server.StartAgainAsync();
        Assert.Equal(9, await documents.CountDocumentsAsync(All));
        await documents.InsertOneAsync(new BsonDocument("_id", "again"));
        await server.StopAtOnceAsync();
        await server.StartAgainAsync();
        Assert.Equal(10, await documents.CountDocumentsAsync(All));
    }

    [Fact]
    public async Task The_doubles_journal_is_written_anew_when_it_has_grown()
    {
        await using var server = await MongoDbServer.StartAsync(new MongoServerOptions { DoubleArguments = ["--oplogMaxEvents", "20"] });
        Assert.SkipUnless(server.IsDouble, "The file is the double's own.");
        var documents = Safe(server);
        await documents.Indexes.CreateOneAsync(new CreateIndexModel<BsonDocument>("{ n: 1 }", new CreateIndexOptions { Unique = true }));
        for (var i = 0; i < 200; i++)
        {
            await documents.UpdateOneAsync("{ _id: 1 }", new BsonDocument("$set", new BsonDocument("n", i)), new UpdateOptions { IsUpsert = true });
        }

        await server.StopAtOnceAsync();
        var file = new FileInfo(Path.Combine(server.Folder, "journal.bson"));
        var before = file.Length;
        BsonDocument token;
        await server.StartAgainAsync();
        file.Refresh();
        Assert.InRange(file.Length, 1, before / 2);
        using (var stream = await documents.WatchAsync())
        {
            await documents.InsertOneAsync(new BsonDocument { { "_id", 2 }, { "n", 2 } });
            token = (await ChangeStreamTests.TakeAsync(stream, 1))[0].ResumeToken;
        }

        await documents.InsertOneAsync(new BsonDocument { { "_id", 3 }, { "n", 3 } });
        await server.StopAtOnceAsync();
        await server.StartAgainAsync();
        Assert.Equal(199, (await documents.Find("{ _id: 1 }").SingleAsync())["n"]);
        await Assert.ThrowsAsync<MongoWriteException>(() => documents.InsertOneAsync(new BsonDocument { { "_id", 4 }, { "n", 199 } }));
        using var resumed = await documents.WatchAsync(new ChangeStreamOptions { ResumeAfter = token });
        Assert.Equal(3, (await ChangeStreamTests.TakeAsync(resumed, 1))[0].DocumentKey["_id"]);
    }

    private static IMongoCollection<BsonDocument> Safe(MongoDbServer server) =>
        server.CreateDatabase().GetCollection<BsonDocument>("documents").WithWriteConcern(WriteConcern.WMajority);
}
